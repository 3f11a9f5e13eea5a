"""Models that run in vLLM or behind an OpenAI-compatible server: asked and read here, decoded there."""
