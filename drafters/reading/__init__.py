"""Reading pages without a model of language: text layer, OCR, tables, and a region's lines as one text."""
