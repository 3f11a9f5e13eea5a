"""Page formats: how VLM families write a whole page, and how that is read back."""
