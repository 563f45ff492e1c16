"""Language: tokenizers, n-gram models, decoding, word vectors, supervision, retrieval."""
