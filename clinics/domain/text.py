"""What may stand in a text field: both databases must be able to keep it and a person to read it."""

import unicodedata


def problem_with_text(value: str) -> str:
    """Words for what is wrong with a text, or an empty string.

    Refuses NUL and other control characters (a tab and line breaks are fine) and lone surrogates: one database
    engine cannot store them and neither can be written to a mail.
    """
    for letter in value:
        if letter in "\n\r\t":
            continue
        category = unicodedata.category(letter)
        if category == "Cs":
            return "This text holds half of a character that was cut in two. Please type it again."
        if letter == "\ufffd":
            return "A character of this text was lost on the way. Please type it again."
        if category == "Cc":
            return "This text holds a hidden control character. Please type it again."
    return ""
