"""What can go wrong with a model.

ModelError
├── ModelNotFound    no model of that name and version, or its file is gone
├── BadCard          the card is missing a key, has an unknown one, or one of the wrong type
├── DigestMismatch   the file is not the one its card describes
├── OverBudget       the file is larger than its card allows
├── CorruptModel     the file is not a model that the runtime can read
│   └── UnknownOperator  the runtime lacks an operator that the model uses
├── WrongInput       an input does not have the shape or type that the card states
└── RuntimeMissing   the runtime is unknown, not installed, or not one the card names

Every message is one sentence that names what and where, and how to mend it; never input content.
"""


class ModelError(Exception):
    """A model could not be found, trusted, loaded or run."""


class ModelNotFound(ModelError):
    """No such model in the registry."""


class BadCard(ModelError):
    """The card of a model is not valid."""


class DigestMismatch(ModelError):
    """The model file is not the one its card describes."""


class OverBudget(ModelError):
    """The model file is larger than its size budget."""


class CorruptModel(ModelError):
    """The model file cannot be read by the runtime."""


class UnknownOperator(CorruptModel):
    """The runtime lacks an operator that the model uses."""


class WrongInput(ModelError):
    """The input does not have the shape or type that the model takes."""


class RuntimeMissing(ModelError):
    """The runtime is not available for this model."""
