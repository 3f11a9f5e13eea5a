"""docspec's drafts inside vLLM: a scheduler class that proposes, while vLLM verifies, batches and caches.

``given`` reads the drafts that come with a request, ``id_cursor`` follows drafts of token ids, ``proposing``
decides what is sent in a step: these three, and ``arguments`` and ``middleware``, import nothing of vLLM.
``scheduler`` is the class that vLLM loads. docs/serving.md says how it is used.
"""
