"""docspec: documents to markdown by a vision-language model that verifies drafts."""
