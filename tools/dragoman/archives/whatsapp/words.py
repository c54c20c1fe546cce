"""Words that WhatsApp itself writes into a chat, in the languages of phones."""

from __future__ import annotations

import re
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern


def _any(words: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in words.split("|") if word.strip())


YEAR_FIRST_MARKS: Final = frozenset(["오전", "오후", "上午", "下午", "午前", "午後"])
"""Marks of languages that write the year first, also with two digits."""

JOINING: Final = frozenset([
    *("at", "um", "a", "à", "às", "alle", "klo", "kl", "o", "о", "в", "om", "ob", "la", "vid", "saat"),
    *("kell", "plkst", "u", "v", "godz"),
])  # fmt: skip
"""Words between date and time."""

BEHIND: Final = frozenset(["ч", "uhr", "h", "uur"])
"""Words behind a time that say only that it is one."""

ATTACHED: Final = _any("""
file attached | Datei angehängt | archivo adjunto | fichier joint | file allegato | allegato |
arquivo anexado | ficheiro anexado | anexado | bestand bijgevoegd | bijlage | файл добавлен |
файл прикреплён | файл прикреплен | файл додано | dosya ekli | plik załączony | załączono plik | bifogad fil |
fil bifogad | vedhæftet fil | fil vedhæftet | fil vedlagt | tiedosto liitetty | liitetiedosto |
soubor byl přiložen | soubor přiložen | súbor priložený | fájl csatolva | csatolt fájl | fișier atașat |
прикачен файл | συνημμένο αρχείο | επισυνάφθηκε αρχείο | קובץ מצורף | הקובץ מצורף | الملف مرفق | ملف مرفق |
فایل پیوست شد | फ़ाइल संलग्न है | संलग्न फ़ाइल | ফাইল সংযুক্ত | file terlampir | lampiran file |
fail dilampirkan | แนบไฟล์ | ไฟล์แนบ | tệp đính kèm | đính kèm tệp | 파일 첨부됨 | 파일 첨부 | ファイル添付 |
添付ファイル | 文件附件 |
附件 | 檔案附件 | 附加檔案
""")

DELETED: Final = _any("""
This message was deleted | You deleted this message | Diese Nachricht wurde gelöscht |
Du hast diese Nachricht gelöscht | Este mensaje fue eliminado | Se eliminó este mensaje |
Este mensaje se eliminó | Eliminaste este mensaje | Has eliminado este mensaje | Ce message a été supprimé |
Vous avez supprimé ce message | Message supprimé | Questo messaggio è stato eliminato |
Hai eliminato questo messaggio | Esta mensagem foi apagada | Mensagem apagada | Você apagou esta mensagem |
Esta mensagem foi eliminada | Eliminou esta mensagem | Apagou esta mensagem | Dit bericht is verwijderd |
U hebt dit bericht verwijderd | Je hebt dit bericht verwijderd | Данное сообщение удалено |
Сообщение удалено | Вы удалили данное сообщение | Вы удалили это сообщение | Це повідомлення було видалено |
Це повідомлення видалено | Ви видалили це повідомлення | Bu mesaj silindi | Bu mesajı sildiniz |
Ta wiadomość została usunięta | Usunięto tę wiadomość | Ta wiadomość została przez Ciebie usunięta |
Detta meddelande raderades | Du raderade detta meddelande | Denne besked blev slettet |
Du slettede denne besked | Denne meldingen ble slettet | Du slettet denne meldingen |
Tämä viesti poistettiin | Poistit tämän viestin | Tato zpráva byla odstraněna | Tato zpráva byla smazána |
Tuto zprávu jste odstranili | Táto správa bola odstránená | Ezt az üzenetet törölték |
Törölted ezt az üzenetet | Acest mesaj a fost șters | Ați șters acest mesaj | Ai șters acest mesaj |
Това съобщение беше изтрито | Αυτό το μήνυμα διαγράφηκε | Διαγράψατε αυτό το μήνυμα | הודעה זו נמחקה |
מחקת הודעה זו | תם حذف هذه الرسالة | تم حذف هذه الرسالة | لقد حذفت هذه الرسالة | حذفت هذه الرسالة |
این پیام حذف شد | شما این پیام را حذف کردید | यह मैसेज मिटाया गया | यह मैसेज मिटा दिया गया |
आपने यह मैसेज मिटाया | यह संदेश हटा दिया गया | এই মেসেজটি মুছে ফেলা হয়েছে | Pesan ini telah dihapus |
Pesan ini dihapus | Anda menghapus pesan ini | Anda telah menghapus pesan ini | Mesej ini telah dipadamkan |
Anda memadamkan mesej ini | ข้อความนี้ถูกลบแล้ว | ข้อความนี้ถูกลบ | คุณลบข้อความนี้ | Tin nhắn này đã bị xóa |
Tin nhắn này đã bị xoá | Bạn đã xóa tin nhắn này | Bạn đã xoá tin nhắn này | 삭제된 메시지입니다 |
이 메시지는 삭제되었습니다 |
회원님이 삭제한 메시지입니다 | このメッセージは削除されました | このメッセージを削除しました |
あなたはこのメッセージを削除しました | 此消息已删除 | 您删除了这条消息 | 您已删除此消息 |
你删除了此消息 | 此訊息已刪除 | 您刪除了這則訊息 | 您已刪除此訊息 | 你已刪除此訊息
""")

EDITED: Final = _any("""
This message was edited | Diese Nachricht wurde bearbeitet | Se editó este mensaje |
Este mensaje fue editado | Ce message a été modifié | Questo messaggio è stato modificato | Mensagem editada |
Esta mensagem foi editada | Dit bericht is bewerkt | Сообщение изменено | Данное сообщение изменено |
Це повідомлення змінено | Повідомлення змінено | Bu mesaj düzenlendi | Ta wiadomość została edytowana |
Edytowano tę wiadomość | Detta meddelande har redigerats | Detta meddelande redigerades |
Denne besked blev redigeret | Denne meldingen ble redigert | Tätä viestiä on muokattu |
Tätä viestiä muokattiin | Tato zpráva byla upravena | Táto správa bola upravená | Szerkesztett üzenet |
Ezt az üzenetet szerkesztették | Acest mesaj a fost editat | Това съобщение беше редактирано |
Αυτό το μήνυμα τροποποιήθηκε | Επεξεργασμένο μήνυμα | הודעה זו נערכה | تم تعديل هذه الرسالة |
این پیام ویرایش شد | यह मैसेज एडिट किया गया | मैसेज एडिट किया गया | Pesan ini diedit |
Pesan ini telah diedit | Mesej ini telah diedit | ข้อความนี้ถูกแก้ไขแล้ว | Tin nhắn này đã được chỉnh sửa |
수정된 메시지입니다 | 이 메시지는 수정되었습니다 | このメッセージは編集されました | 此消息已编辑 | 此訊息已編輯
""")

ENGLISH: Final = lazy_pattern(
    r"end-to-end encrypted|<Media omitted>|(?:image|video|audio|sticker|GIF|document|Contact card) omitted"
    r"|\(file attached\)|<attached: |(?:[Tt]his message was|You) deleted(?: this message)?\b|<This message was edited>"
    r"|created (?:this )?group|changed (?:the subject|this group|the group)|joined using |security code"
    r"|[Mm]issed (?:voice|video) call"
)
"""Words of a phone in English."""

OMITTED: Final = lazy_pattern(
    r"\b(?:omitted|weggelassen|ausgeschlossen|omitid[oa]s?|omiss?[eoa]?|omess[oai]|ocult[oa]s?|weggelaten|exclu[es]?"
    r"|пропущен[оаы]?|опущен[оаы]?|без медиафайлов|dahil edilmedi|pominięt[oyae]|utelämna\w{1,3}|udeladt|utelatt"
    r"|jätettiin pois|vynechán\w?|kihagyva|omis[ăe]?|παραλείφθηκ\w{1,3}|tidak disertakan|dihilangkan|bị bỏ qua)\b"
    r"|הושמט|לא נכלל"
    r"|تم استبعاد|لم يتم إدراج|حذف شد|छोड़ा गया|छोड़ दिया|ละเว้น|생략|제외|省略|忽略|略過|略过|含まれていません",
    re.IGNORECASE,
)
"""Words that say that a file was left out of the export."""

KINDS: Final = (
    (
        lazy_pattern(r"sticker|стикер|çıkartma|naklejka|스티커|スタンプ|贴纸|貼圖|ملصق", re.IGNORECASE),
        "sticker",
        "image/webp",
    ),
    (lazy_pattern(r"\bgif\b", re.IGNORECASE), "GIF", None),
    (
        lazy_pattern(r"video|vídeo|vidéo|видео|відео|فيديو|동영상|動画|视频|影片|וידאו|βίντεο", re.IGNORECASE),
        "video",
        None,
    ),
    (lazy_pattern(r"audio|áudio|аудио|ses\b|صوت|오디오|音声|音频|音訊|語音|ήχος|שמע", re.IGNORECASE), "audio", None),
    (
        lazy_pattern(
            r"image|bild|imagen|immagine|imagem|afbeelding|изображени|зображення|görüntü|resim|obraz|billede|bilde|kuva"
            r"|obráz|kép|imagine|εικόνα|תמונה|صورة|تصویر|इमेज|gambar|รูป|hình|사진|이미지|画像|图片|圖片|photo|foto",
            re.IGNORECASE,
        ),
        "image",
        None,
    ),
    (lazy_pattern(r"contact|kontakt|contacto|контакт|연락처|連絡先|联系人", re.IGNORECASE), "contact card", None),
    (
        lazy_pattern(r"document|dokument|documento|документ|belge|문서|ドキュメント|文档|文件", re.IGNORECASE),
        "document",
        None,
    ),
)
"""From a word for a kind of file to a name for one, and its media type where it is certain."""

GROUP: Final = lazy_pattern(
    r"grup|group|gruppe|grupp|groupe|gruppo|groep|групп|груп|ryhmä|skupin|csoport|ομάδ|קבוצ|مجموع|گروه|ग्रुप|समूह"
    r"|গ্রুপ|กลุ่ม|nhóm|그룹|グループ|群组|群組|群聊",
    re.IGNORECASE,
)
"""The word group: who reads it in an event is in one."""

TITLES: Final = tuple(
    lazy_pattern(form, re.IGNORECASE)
    for form in (
        r"whatsapp chat (?:with|-|–|s|med|med en) (?P<title>.+)",
        r"whatsapp[- ]?chatt? (?:mit|met|med) (?P<title>.+)",
        r"(?:chat|conversación|conversaci[oó]) (?:de|por) whatsapp (?:con|amb) (?P<title>.+)",
        r"(?:discussion|conversation) whatsapp avec (?P<title>.+)",
        r"chat (?:di )?whatsapp (?:con|s|dengan) (?P<title>.+)",
        r"conversa (?:do|no) whatsapp com (?P<title>.+)",
        r"чат whatsapp (?:с контактом|с|із|з) (?P<title>.+)",
        r"whatsapp чат с (?P<title>.+)",
        r"(?P<title>.+?) ile whatsapp sohbeti",
        r"czat whatsapp z(?: użytkownikiem)? (?P<title>.+)",
        r"whatsapp-keskustelu (?:henkilön )?(?P<title>.+?)(?: kanssa)?",
        r"whatsapp[- ]csevegés (?:vele:? )?(?P<title>.+)",
        r"conversație whatsapp cu (?P<title>.+)",
        r"συνομιλία whatsapp με (?P<title>.+)",
        r"צ'?אט whatsapp עם (?P<title>.+)",
        r"(?:محادثة|دردشة) (?:whatsapp|واتساب) مع (?P<title>.+)",
        r"(?:گفتگوی|چت) (?:whatsapp|واتساپ) با (?P<title>.+)",
        r"(?P<title>.+?) के साथ whatsapp चैट",
        r"sembang whatsapp dengan (?P<title>.+)",
        r"(?:แชท|แชต) whatsapp กับ (?P<title>.+)",
        r"(?:cuộc )?trò chuyện whatsapp với (?P<title>.+)",
        r"(?P<title>.+?)\s?님과(?:의)? whatsapp (?:대화|채팅)",
        r"whatsapp (?:채팅|대화)\s?[-–]?\s?(?P<title>.+)",
        r"(?P<title>.+?)との\s?whatsapp\s?チャット",
        r"whatsapp\s?チャット\s?[-–]?\s?(?P<title>.+)",
        r"[与與](?P<title>.+?)的\s?whatsapp\s?(?:聊天|对话|對話)(?:记录|記錄)?",
        r"whatsapp\s?(?:聊天|对话|對話)\s?[-–]\s?(?P<title>.+)",
    )
)
"""Names of the files that phones write, in the phone's language."""
