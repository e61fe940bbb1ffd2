"""The cloud's reader of documents: linear over many more n-grams, and it has seen every wording."""

import random

from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier

from demo.bodies import read_text
from demo.cloud_models import Answer
from models.training.documents import make_documents, scan

_DOCUMENTS = 500
_SCANS = 2
_WORST_SEVERITY = 0.8
_LONGEST = 4_000
# Neither what the phone's model has learnt from nor what people have in the demo.
_SEED = 2028


class CloudDocuments:
    """Trained when made, in some seconds."""

    name = "document_sgd"
    version = "2026.11"
    card = (
        "A logistic regression over 65,536 hashed n-grams of characters, trained on 1,000 scans of "
        "made-up documents with every line there is; the phone's model knows two thirds of them."
    )

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed}/cloud/documents")
        documents = make_documents(_DOCUMENTS, _SEED) * _SCANS
        texts = [scan(one.text, rng, rng.uniform(0.0, _WORST_SEVERITY)) for one in documents]
        self._vectors = HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 4), n_features=2**16, alternate_sign=False
        )
        self._machine = SGDClassifier(loss="log_loss", alpha=1e-6, random_state=0).fit(
            self._vectors.transform(texts), [one.kind for one in documents]
        )

    def answer(self, body: bytes) -> Answer:
        """The kind of a document. Raises BadBody."""
        shares = self._machine.predict_proba(self._vectors.transform([read_text(body)[:_LONGEST]]))
        best = int(shares[0].argmax())
        return Answer(label=str(self._machine.classes_[best]), confidence=float(shares[0, best]))
