"""Judges gensim: what Word2Vec makes of counts before it learns, its cosine, and TfidfModel.

    words of a text                       Word2Vec.build_vocab with min_count
    subsampling                           sample_int of Word2Vec.build_vocab_from_freq, over 2^32 - 1
    noise of negative sampling            steps of Word2Vec.make_cum_table, of 2^32 - 1 and not 2^31 - 1
    Huffman tree                          code and point of Word2Vec.build_vocab_from_freq with hs=1
    cosine                                KeyedVectors.cosine_similarities with a single vector
    idf                                   TfidfModel.idfs with smartirs="nfn", which are in bits
    weights of terms, their cosine        TfidfModel of given idfs, matutils.cossim

A word's frequency is given as its count, beside another word that has the rest. Inner nodes are numbered from 0 as they
are made, as here. Sparse vectors lack weights of 0, which are put back. float32 is the dtype of Word2Vec, of which the
probabilities have 32 bits too.
"""

import logging
import math

import numpy as np
from gensim.corpora import Dictionary
from gensim.matutils import cossim
from gensim.models import KeyedVectors, TfidfModel, Word2Vec

from reference.language.word2vec import TreePath

PACKAGES = ("gensim",)
ARRAYS = "numpy"
DTYPE = "float32"

logging.getLogger("gensim").setLevel(logging.ERROR)


# Words


def frequent_words(sentences, min_count):
    model = Word2Vec(vector_size=1, min_count=min_count, sorted_vocab=0)
    model.build_vocab([list(words) for words in sentences])
    return tuple(model.wv.index_to_key)


def subsampling_keep_probability(frequency, threshold):
    texts = ((f, 1 - f) for f in frequency.astype(np.float64).flat)
    kept = [_counted(text, sample=threshold, negative=0).wv.get_vecattr(0, "sample_int") for text in texts]
    return (np.array(kept) / (2**32 - 1)).reshape(frequency.shape).astype(frequency.dtype)


def noise_distribution(counts, power=0.75):
    model = _counted(counts.astype(np.float64), ns_exponent=power)
    model.make_cum_table(2**32 - 1)
    return (np.diff(model.cum_table, prepend=np.uint32(0)) / (2**32 - 1)).astype(counts.dtype)


def huffman_paths(counts):
    words = _counted(counts, hs=1, negative=0).wv
    paths = ((words.get_vecattr(i, "point"), words.get_vecattr(i, "code")) for i in range(len(counts)))
    return tuple(TreePath(tuple(map(int, nodes)), tuple(map(int, bits))) for nodes, bits in paths)


def _counted(counts, **config):
    """A model of words with these counts, in this order; one that never occurs is a word too."""
    model = Word2Vec(vector_size=1, min_count=0, sorted_vocab=0, **config)
    model.build_vocab_from_freq({str(word): count for word, count in enumerate(counts)})
    return model


# Vectors


def cosine_similarity(a, b):
    pairs = zip(a.reshape(-1, a.shape[-1]), b.reshape(-1, 1, b.shape[-1]), strict=True)
    return np.array([KeyedVectors.cosine_similarities(*pair)[0] for pair in pairs]).reshape(a.shape[:-1])


def inverse_document_frequency(documents):
    terms = Dictionary([list(document) for document in documents])
    idfs = TfidfModel(dictionary=terms, smartirs="nfn").idfs
    return {terms[term]: float(idf * math.log(2)) for term, idf in idfs.items()}


def tf_idf(document, idf):
    terms = _terms(document, idf)
    weights = dict.fromkeys((term for term in document if term in idf), 0.0)
    return weights | {terms[term]: float(weight) for term, weight in _weighted(terms, idf)[terms.doc2bow(document)]}


def tf_idf_similarity(query, document, idf):
    terms = _terms([*query, *document], idf)
    model = _weighted(terms, idf)
    return float(cossim(model[terms.doc2bow(list(query))], model[terms.doc2bow(list(document))]))


def _terms(document, idf):
    return Dictionary([[*document, *idf]])


def _weighted(terms, idf):
    model = TfidfModel(smartirs="nfn")
    model.idfs = {terms.token2id[term]: weight for term, weight in idf.items()}
    return model
