"""Words of other languages that a person would know, by what they mean.

`…` also stands for letters beyond ASCII where servers write or log them in several ways (`bo?te pleine`). What is not here is
read by its code and by the command that it answers.
"""

from __future__ import annotations

from mappings.codes.wording import in_order, parts_of
from mappings.vocabulary import Reason

#: In this order: a domain that does not exist is no mailbox that does not exist.
WORDS: dict[Reason, tuple[str, ...]] = {
    Reason.VIRUS: ("вирус", "病毒", "ウイルス"),
    Reason.SPAM: (
        "unerw…nschte werbung",
        "courrier ind…sirable",
        "correo no deseado",
        "posta indesiderata",
        "niechciana poczta",
        "спам",
        "垃圾邮件",
        "迷惑メール",
    ),
    Reason.REPUTATION: (
        "sperrliste",
        "liste noire",
        "lista negra",
        "lista nera",
        "czarnej li",
        "черном списке",
        "黑名单",
        "ブラックリスト",
    ),
    Reason.TOO_LARGE: (
        "nachricht ist zu gro",
        "message trop volumineux",
        "mensaje demasiado grande",
        "messaggio troppo grande",
        "zbyt du…a",
        "слишком больш",
        "邮件过大",
        "サイズが大き",
    ),
    Reason.MAILBOX_FULL: (
        "speicherplatz",
        "speichervolumen",
        "postfach voll",
        "postfach ist voll",
        "bo…te pleine",
        "bo…te aux lettres…pleine",
        "quota d…pass",
        "buz…n lleno",
        "casella piena",
        "caixa…cheia",
        "skrzynka…pe…na",
        "postvak…vol",
        "ящик переполнен",
        "邮箱已满",
        "容量を超え",
    ),
    Reason.MAILBOX_DISABLED: (
        "postfach…gesperrt",
        "konto…deaktiviert",
        "compte d…sactiv",
        "compte suspendu",
        "cuenta suspendida",
        "account sospeso",
        "konto zablokowane",
        "ящик заблокирован",
        "帐号被禁用",
    ),
    Reason.RECIPIENT_DOMAIN: (
        "domain existiert nicht",
        "domaine…n'existe pas",
        "dominio…no existe",
        "dominio…non esiste",
        "домен…не существует",
        "域名不存在",
    ),
    Reason.RECIPIENT_UNKNOWN: (
        "empf…nger unbekannt",
        "empf…nger nicht gefunden",
        "benutzer unbekannt",
        "benutzer nicht bekannt",
        "unbekannter empf",
        "existiert nicht",
        "adresse unbekannt",
        "destinataire inconnu",
        "utilisateur inconnu",
        "n'existe pas",
        "usuario desconocido",
        "destinatario desconocido",
        "no existe",
        "utente sconosciuto",
        "destinatario sconosciuto",
        "non esiste",
        "usu…rio desconhecido",
        "nie istnieje",
        "nieznany u…ytkownik",
        "gebruiker onbekend",
        "bestaat niet",
        "neexistuje",
        "не существует",
        "пользователь не найден",
        "нет такого пользователя",
        "用户不存在",
        "收件人不存在",
        "存在しません",
    ),
    Reason.AUTH_REQUIRED: (
        "anmeldung erforderlich",
        "authentification requise",
        "autenticaci…n requerida",
        "autenticazione richiesta",
        "требуется аутентификация",
        "需要身份验证",
    ),
}

_PARTS: tuple[tuple[Reason, tuple[str, ...]], ...] = tuple(
    (reason, parts_of(words)) for reason, several in WORDS.items() for words in several
)


def foreign_words_in(text: str) -> Reason | None:
    """What the first known words of another language in a simplified text mean."""
    return next((reason for reason, parts in _PARTS if in_order(parts, text)), None)
