"""The words of a message: mail in plain text and HTML with its calendar files, and words for the telephone.

No mail names a drug, a diagnosis or what a visit is for: it lies open in an inbox that others may read.
"""

from .lines import one_line, supported
from .mail import Words, compose
from .sample import Sample, sample
from .telephone import phone_words
from .text import compose_text

__all__ = ["Sample", "Words", "compose", "compose_text", "one_line", "phone_words", "sample", "supported"]
