"""What a `reana.yaml` has to be, and what is said where it is not: the same in the server and in the extension.

The folder is in both source trees, letter by letter; a test compares them. Needs PyYAML and jsonschema, nothing else.
"""

from .document import Document, read_text, read_value
from .engines import KNOWN, why_not_supported
from .inputs import Exists
from .problems import Place, Problem, Severity

__all__ = [
    "KNOWN",
    "Document",
    "Exists",
    "Place",
    "Problem",
    "Severity",
    "read_text",
    "read_value",
    "why_not_supported",
]
