"""Mail from bytes to text: headers, charsets, parts, HTML, quotes. It knows no account, no protocol and no archive.

:func:`read_mail` reads a message line by line; what it gives has the text, the attachments and the people.
"""

from dragoman.core.mail.delivery import DeliveryReport, delivery_report
from dragoman.core.mail.headers import Address, Headers
from dragoman.core.mail.message import Mail, MailFile, read_mail, read_mail_head, read_whole_mail
from dragoman.core.mail.parts import Part, make_part
from dragoman.core.mail.quotes import without_quotes
from dragoman.core.mail.subject import base_subject, without_answer_words

__all__ = [
    "Address",
    "DeliveryReport",
    "Headers",
    "Mail",
    "MailFile",
    "Part",
    "base_subject",
    "delivery_report",
    "make_part",
    "read_mail",
    "read_mail_head",
    "read_whole_mail",
    "without_answer_words",
    "without_quotes",
]
