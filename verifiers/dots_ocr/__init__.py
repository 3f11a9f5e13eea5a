"""dots.ocr (arXiv 2512.02498) on transformers' own classes: transformers ships no class for it.

Written from the public release's facts (github.com/rednote-hilab/dots.ocr, MIT): module names are the
published checkpoint's keys, so that it loads as it is, without remote code.
"""
