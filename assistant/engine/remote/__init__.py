"""The engine that lets another server do the work: vLLM, SGLang, llama.cpp, Ollama, or any that speaks OpenAI's API."""
