"""Formulas of born-digital PDFs as LaTeX, from their glyphs' fonts, sizes and places. Knows no model."""
