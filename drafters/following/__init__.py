"""Following an output through its drafts: what comes next, given what was written.

Nothing here knows of models, pages or tensors; all it needs is a tokenizer (see docspec.verifiers.codec).
"""
