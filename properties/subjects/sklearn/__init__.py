"""Judges scikit-learn: its mixtures, clusterings, linear models, covariances, preprocessing and metrics.

    Gaussian mixtures                     GaussianMixture.score_samples, .predict_proba, and .fit from where it is
    an M-step of given responsibilities   GaussianMixture._initialize; labels through OneHotEncoder
    density of one Gaussian               GaussianMixture with one component
    Mahalanobis distance                  EmpiricalCovariance.mahalanobis
    conditional Gaussian                  GaussianProcessRegressor on the indices, with the covariance as its kernel
    k-means                               KMeans.predict, .score, .fit; kmeans_plusplus with one trial for each centroid
    probabilistic PCA                     PCA.fit; FactorAnalysis.score_samples for equal noise variances
    estimated Gaussians                   EmpiricalCovariance.fit; PCA.get_covariance of all components
    linear regression                     LinearRegression, Ridge, Lasso, without intercept
    logistic regression                   LogisticRegression with solver "newton-cholesky", without intercept
    norms and scalings                    DistanceMetric to the origin, normalize, minmax_scale, scale, StandardScaler
    cosine                                cosine_similarity, of which the diagonal is taken
    probability tables                    normalize with norm "l1", CategoricalNB.predict_proba, extmath.softmax
    entropy                               the impurity, in bits, of the root of a DecisionTreeClassifier
    cross-entropy                         log_loss with every outcome as a sample of weight p
    mutual information                    mutual_info_score of the joint counts
    total variation                       paired_manhattan_distances, halved
    idf and weights of terms              TfidfVectorizer with norm=None and the terms as they are
    lists of documents                    columns of CountVectorizer
    nearest neighbours                    NearestNeighbors with metric "sqeuclidean", by brute force

A model of given parameters has them in the place of fitted ones. `fit` goes on from there by its warm start, and takes
as many iterations as it is told to: its tolerance is 0, or eps where it must be positive. What k-means++ draws is given
by a RandomState. The 1 that is added to every idf is taken off again where it is not part of the formula. Not more
neighbours are asked for than there are.

Penalties: alpha of Ridge is lambda, that of Lasso lambda / n, and C of LogisticRegression 1 / lambda. Variances of PCA
have the divisor n - 1, which for a likelihood is turned into n.
"""

import math

import numpy as np
from sklearn import metrics, preprocessing
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky
from sklearn.naive_bayes import CategoricalNB
from sklearn.neighbors import NearestNeighbors
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.extmath import softmax

from reference.diffusion.standardization import Standardization
from reference.language.retrieval import Neighbors
from reference.probability import gaussian_mixture as mixtures
from reference.probability.ppca import PPCA

PACKAGES = ("scikit-learn", "scipy")
ARRAYS = "numpy"


def _rows(function, *tables):
    batch = tables[0].shape[:-1]
    rows = zip(*(table.reshape(-1, table.shape[-1]) for table in tables), strict=True)
    return np.array([function(*row) for row in rows]).reshape(batch)


# Gaussian mixtures


def mixture_log_density(mixture, data):
    return _mixture(mixture).score_samples(data)


def responsibilities(mixture, data):
    return _mixture(mixture).predict_proba(data)


def mixture_m_step(data, responsibilities, variance_floor=0.0):
    model = GaussianMixture(responsibilities.shape[1], reg_covar=variance_floor)
    model._validate_params()
    model._initialize(check_array(data), responsibilities)
    return _parameters(model)


def mixture_em_step(mixture, data, variance_floor=0.0):
    model = _mixture(mixture, reg_covar=variance_floor, max_iter=1, warm_start=True)
    model.converged_, model.lower_bound_ = False, -np.inf
    return _parameters(model.fit(data))


def mixture_from_assignment(data, labels, num_components, variance_floor=0.0):
    GaussianMixture(num_components)._validate_params()
    encoder = preprocessing.OneHotEncoder(categories=[range(num_components)], sparse_output=False)
    return mixture_m_step(data, encoder.fit_transform(labels[:, None]), variance_floor)


def _mixture(parameters, **config):
    model = GaussianMixture(len(parameters.weights), **config)
    model.weights_, model.means_, model.covariances_ = (each.copy() for each in parameters)
    model.precisions_cholesky_ = _compute_precision_cholesky(model.covariances_, "full")
    return model


def _parameters(model):
    return mixtures.GaussianMixture(model.weights_, model.means_, model.covariances_)


# One Gaussian


def multivariate_normal_log_density(x, mean, covariance):
    alone = mixtures.GaussianMixture(np.ones(1, mean.dtype), mean[None], covariance[None])
    return mixture_log_density(alone, x.reshape(-1, len(mean))).reshape(x.shape[:-1])


def mahalanobis_squared(x, mean, covariance):
    model = EmpiricalCovariance()
    model._set_covariance(covariance)
    model.location_, model.n_features_in_ = mean, len(mean)
    return model.mahalanobis(x.reshape(-1, len(mean))).reshape(x.shape[:-1])


def condition_gaussian(mean, covariance, observed, values):
    indices = np.arange(len(mean))
    if not np.isin(observed, indices).all():
        raise NotImplementedError("a Gaussian process has a kernel for any two indices")
    check_consistent_length(observed, values)
    chosen, rest = np.array(observed, dtype=int), np.setdiff1d(indices, observed)
    process = GaussianProcessRegressor(_Table(covariance), alpha=0, optimizer=None)
    if len(chosen):
        process.fit(chosen[:, None], values - mean[chosen])
    away, spread = process.predict(rest[:, None], return_cov=True)
    return mean[rest] + away, spread


class _Table(Kernel):
    """A covariance matrix, looked up at pairs of indices."""

    def __init__(self, covariance):
        self.covariance = covariance

    def __call__(self, X, Y=None, eval_gradient=False):
        return self.covariance[np.ix_(X[:, 0], (X if Y is None else Y)[:, 0])]

    def diag(self, X):
        return self.covariance.diagonal()[X[:, 0]]

    def is_stationary(self):
        return False


# k-means


def assign_to_centroids(data, centroids):
    return _clusters(centroids).predict(data).astype(np.int64)


def kmeans_step(data, centroids):
    return kmeans(data, centroids, 1)


def inertia(data, centroids):
    return -np.array(_clusters(centroids).score(data))


def kmeans_plus_plus(data, uniform):
    return kmeans_plusplus(data, len(uniform), random_state=_Given(uniform), n_local_trials=1)[0]


def kmeans(data, centroids, num_steps):
    if num_steps == 0:
        raise NotImplementedError("KMeans takes at least one step")
    return KMeans(len(centroids), init=centroids, n_init=1, max_iter=num_steps, tol=0).fit(data).cluster_centers_


def _clusters(centroids):
    model = KMeans(len(centroids))
    model._validate_params()
    model.cluster_centers_, model.n_features_in_, model._n_threads = centroids, centroids.shape[1], 1
    return model


class _Given(np.random.RandomState):
    """A generator of which the uniform numbers are given, in order."""

    def __init__(self, uniform):
        super().__init__(0)
        self.left = list(uniform)

    def random_sample(self, size=None):
        return self.left.pop(0)

    def uniform(self, low=0.0, high=1.0, size=None):
        return np.array([self.left.pop(0) for _ in range(size)])


# Principal components


def ppca_maximum_likelihood(data, num_latent):
    model = PCA(num_latent).fit(data)
    share = (len(data) - 1) / len(data)
    beyond = np.maximum(model.explained_variance_ - model.noise_variance_, 0)
    loadings = model.components_.T * np.sqrt(share * beyond)
    return PPCA(model.mean_, loadings, np.asarray(share * model.noise_variance_))


def ppca_log_likelihood(model, x):
    dim, latent = model.loadings.shape
    analysis = FactorAnalysis(latent)
    analysis.mean_, analysis.components_, analysis.n_features_in_ = model.mean, model.loadings.T, dim
    analysis.noise_variance_ = np.repeat(model.noise_variance, dim)
    return analysis.score_samples(x.reshape(-1, dim)).reshape(x.shape[:-1])


# Estimates


def gaussian_maximum_likelihood(data):
    model = EmpiricalCovariance(store_precision=False).fit(data)
    return model.location_, model.covariance_


def unbiased_covariance(data):
    return PCA().fit(data).get_covariance()


def least_squares(features, targets):
    return LinearRegression(fit_intercept=False).fit(features, targets).coef_


def ridge_regression(features, targets, penalty):
    return Ridge(penalty, fit_intercept=False).fit(features, targets).coef_


def lasso_sweep(weights, features, targets, penalty):
    model = _lasso(targets, penalty, 1)
    model.coef_ = weights.copy()
    return model.fit(features, targets).coef_


def lasso_regression(features, targets, penalty, num_sweeps):
    if num_sweeps == 0:
        raise NotImplementedError("Lasso takes at least one sweep")
    return _lasso(targets, penalty, num_sweeps).fit(features, targets).coef_


def logistic_regression_step(weights, features, labels, penalty):
    model = _logistic(penalty, 1)
    model.coef_ = weights[None].copy()
    return model.fit(features, labels).coef_[0]


def fit_logistic_regression(features, labels, penalty, num_steps):
    return _logistic(penalty, num_steps).fit(features, labels).coef_[0]


def _lasso(targets, penalty, num_sweeps):
    return Lasso(penalty / len(targets), fit_intercept=False, max_iter=num_sweeps, tol=0, warm_start=True)


def _logistic(penalty, num_steps):
    inverse = 1 / penalty if penalty else np.inf
    config = {"solver": "newton-cholesky", "fit_intercept": False, "warm_start": True}
    return LogisticRegression(C=inverse, max_iter=num_steps, tol=np.finfo(float).eps, **config)


# Norms and scalings


def p_norm(x, p):
    distance = metrics.DistanceMetric.get_metric("minkowski", p=p)
    flat = x.reshape(-1, x.shape[-1])
    return distance.pairwise(flat, 0 * flat[:1])[:, 0].reshape(x.shape[:-1])


def l2_normalize(x):
    return preprocessing.normalize(x.reshape(-1, x.shape[-1])).reshape(x.shape)


def cosine_similarity(a, b):
    return _rows(lambda x, y: metrics.pairwise.cosine_similarity([x], [y])[0, 0], a, b)


def standardize_vector(x):
    return preprocessing.scale(x.reshape(-1, x.shape[-1]), axis=1).reshape(x.shape)


def min_max_scale(data):
    return preprocessing.minmax_scale(data)


def fit_standardization(data):
    model = preprocessing.StandardScaler().fit(data)
    return Standardization(model.mean_, model.scale_)


def standardize(data, mean, std):
    return _scaler(mean, std).transform(data.reshape(-1, len(mean))).reshape(data.shape)


def unstandardize(data, mean, std):
    return _scaler(mean, std).inverse_transform(data.reshape(-1, len(mean))).reshape(data.shape)


def _scaler(mean, std):
    model = preprocessing.StandardScaler()
    model.mean_, model.scale_, model.n_features_in_ = mean, std, len(mean)
    return model


# Tables and information


def conditional_from_joint(joint):
    return preprocessing.normalize(joint.reshape(-1, joint.shape[-1]), norm="l1").reshape(joint.shape)


def posterior_table(prior, likelihood):
    causes, outcomes = likelihood.shape[-2:]
    pairs = zip(prior.reshape(-1, causes), likelihood.reshape(-1, causes, outcomes), strict=True)
    posteriors = np.array([_bayes(*pair) for pair in pairs])
    return posteriors.reshape(*likelihood.shape[:-2], outcomes, causes)


def exact_posterior(log_joint):
    return softmax(log_joint.reshape(-1, log_joint.shape[-1])).reshape(log_joint.shape)


def entropy(p):
    return math.log(2) * _rows(_impurity, p)


def cross_entropy(p, q):
    return _rows(_log_loss, p, q)


def joint_mutual_information(joint):
    tables = [_mutual_information(table) for table in joint.reshape(-1, *joint.shape[-2:])]
    return np.array(tables).reshape(joint.shape[:-2])


def total_variation(p, q):
    return _rows(lambda x, y: metrics.pairwise.paired_manhattan_distances([x], [y])[0], p, q) / 2


def _bayes(prior, likelihood):
    causes, outcomes = likelihood.shape
    model = CategoricalNB()
    model.classes_, model.class_count_, model.n_features_in_ = np.arange(causes), np.ones(causes), 1
    model.class_log_prior_, model.feature_log_prob_ = np.log(prior), [np.log(likelihood)]
    return model.predict_proba(np.arange(outcomes)[:, None])


def _impurity(p):
    constant = np.zeros((len(p), 1))
    return DecisionTreeClassifier(criterion="entropy").fit(constant, np.arange(len(p)), p).tree_.impurity[0]


def _log_loss(p, q):
    outcomes = np.arange(len(p))
    return metrics.log_loss(outcomes, np.tile(q, (len(p), 1)), sample_weight=p, labels=outcomes)


def _mutual_information(joint):
    denominator = max(entry.as_integer_ratio()[1] for entry in joint.flatten().tolist())
    if denominator > 2**31:
        raise NotImplementedError("mutual_info_score takes counts, of which the products fit into 64 bits")
    return metrics.mutual_info_score(None, None, contingency=(denominator * joint).astype(np.int64))


# Texts


def inverse_document_frequency(documents):
    return {term: idf - 1 for term, idf in _idf(documents, smooth_idf=False).items()}


def smoothed_inverse_document_frequency(documents):
    return _idf(documents, smooth_idf=True)


def tf_idf(document, idf):
    weights = _weights([document], idf)
    return dict(zip(np.array([*idf])[weights.indices].tolist(), weights.data.tolist(), strict=True))


def tf_idf_similarity(query, document, idf):
    return metrics.pairwise.cosine_similarity(_weights([query, document], idf))[0, 1].item()


def inverted_index(documents):
    counter = CountVectorizer(analyzer=list)
    table = counter.fit_transform(documents).tocsc()
    terms, lists = counter.get_feature_names_out().tolist(), np.split(table.indices, table.indptr[1:-1])
    return {term: tuple(places.tolist()) for term, places in zip(terms, lists, strict=True)}


def nearest_neighbors(queries, vectors, k):
    search = NearestNeighbors(n_neighbors=min(k, len(vectors)), algorithm="brute", metric="sqeuclidean")
    return Neighbors(*search.fit(vectors).kneighbors(queries))


def _idf(documents, **config):
    model = TfidfVectorizer(analyzer=list, **config).fit(documents)
    return dict(zip(model.get_feature_names_out().tolist(), model.idf_.tolist(), strict=True))


def _weights(documents, idf):
    model = TfidfVectorizer(analyzer=list, norm=None, vocabulary=[*idf])
    model.idf_ = np.array([*idf.values()])
    return model.transform(documents)
