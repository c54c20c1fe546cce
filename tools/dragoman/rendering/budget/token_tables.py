"""The tables of the token estimate by language, fitted to o200k on word lists of 32 languages.

A pair of letters is written as one letter: ``n`` adds nothing to the cost of a word, each step towards
``z`` adds a tenth of a token and each step towards ``a`` takes one away. The rows are the first letter of
the pair: the letters of the alphabet in order, the edge of a word, any other letter.
"""

from __future__ import annotations

from typing import Final

LATIN_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC_LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюя"

LATIN_PAIRS: Final = (
    "sppqssprrrropprrsprpqsvposmsrsuuoxroqlslqtsunpnlotvxqxktpzrzmzzomqnltyntrowlpvwzpqmqpvmqovswqqvsqpqtvrqvqxvruohu"
    "pqpprqqssrtrqpsrspprprsorskuqvuuplkspvyqhroytptpoxyzopiqtqqvopqpqurrrprwmostqtzvuoiworxqqpotqssopnowwnsortonsejt"
    "qpmqrrpssrrqrpmrmqqpvpxrrpnsrnutruinrnjwvorrnvsxroxnnmmsqprnpstnruruwtspnurorwsnvwjtqruspsqsortomrrssqqqqtmypxjs"
    "poptoywsqvwrptoonjsuqwozxuksqsoprmoqrptrsrrtvoomtqnyupjrtpqspppusrroqosqypqsoqrkqulrptqpmttmrwvmqtnprnqoqtwwrvjt"
    "gnnzznpnznnrnxnurrnulnznnnqvpqpqpoqspqtqnopqpqqqrslzpujsruqvprtoqutvttrrpwnpqtpxptkqqwqupqslpvptutqrqorqrwjzqpkr"
    "qrqspurvptsppouqyorottumqvnqqzrzosxypsujutpynqsqqyzvsznroyzroszkoznhzjmznpovtnnzwxhtrsruqxmjpnxzksrqnzuqpzznzxlu"
    "twwvuxxzrwuuurrunrostutnwtgtqyuypnnwsturvptqhvwppvsnsnlskkjikljkkjkkjkllojjkklirfmnotwrwssurtuvrtrputsttrsupnvoq"
)
"""Pairs of Latin letters."""

CYRILLIC_PAIRS: Final = (
    "vrqssosrqpqqqrwrqrqqurqprpnnnwmqmsszwpzsnzrnmmytnzsqzszaqyvkqnznnqkrpzrzuqxzqnqkupryrolnnsrvyhsqvynnjr"
    "qswzjrnzrnussnoyrzrqnznknnzynmnnloqtuomoutpnnpoqqqtopoytvnznxrlzmiirxpssppqstosqqpuvonpzzurrusnnnnpxmy"
    "tkansmnnnnqnnitnnzwvnnnmnnzunznnaqpvrqoqizqnqunrlrtwspnzlsvnzosinpipqquwslxpjpqnqrruqpqnqsnpoznnnnpkmr"
    "nzrzsxnnnnphwtrnzupnznzkxnnonnnnntqzvnzqiconquzvpnuqoptnhnzivnwwnnkqqzronrroqnuwurrynuqrxnvqpnxslnnnkr"
    "pzozvpnnqniimtqsyzomnnnwfnzrnznlntpvxrorzzonttznpznqpshzpqqnwpxtsrjttpplsqorplqopspqroquurwsphnnnhsjmr"
    "pnzyqqnopnnrqroenxtqnvqzxntsowsqjuptqouppsqnrpmpqzyrppoluzrnupdsxolsqzrwrqzzonqpptprrlnrznsupnvjlznniu"
    "rznztrynqnqvrppvompprzzpjnvrkumslrunqlmornuoptstzrpqvnywsronnunznsnsunnqzonnpnnwznkntrzhrnnnnnnmnznnix"
    "nvmnnwnnpnnnwqotnjvtpwnnnnnnnnnnkwsnlnznnzqnzynrqszzvnnnjnnnyqsztulrqvqnnonnqnurnqznhurunnzxnnzwzmnnqs"
    "uzonnnnnonszqqvnlnsrzntznnwouwnnmssnnnnrnnrnnnnznnnnzlnnnnnnnnhnnnsnnwrxfjzynzqsjxztytunnzornznnnnnqnx"
    "utrzvnztnmqupsnnsuonsorstnnnnnqumqnzzztznknxtzyosznrfntnwnnwnnnnkukzvosyjnqznszopryzuiinzzqxwnnrnnnzhv"
    "nttxvnzwnzznnsnnzzonnnrnnnnnnnqnnynjtxwqzunvqttyzztztznpxzzsnnnnrqlrmilomoimnqjolmlmklkmppolpnnmnbvlnm"
    "rsuxtsvrwruwpqtottuwzuuupznqnnprms"
)
"""Pairs of Cyrillic letters."""

COMMON_HAN: Final = (
    "一万三上下不与专世业东个中丰为主久么之乐买了争事二于五亚些交产京人什今代以件任众优会传位体何作你例保"
    "信值假做偷元先免入全公六共关其内册出分划创利到制前力办加务动化北区十午华单南博卡去县参友双发取口只可"
    "台号司合同名后吗告员和品哪商器四回国图在地场址城基堂备外多夜大天奇奖女好如委娱子字学安官定宝实客家对"
    "导小少尼展属山工市布常幕平年广庆应度建开式当录彩影律得微心快态怎性总情意戏成我户所手投报拍招持指据排"
    "接推提播改放政教数整文料新方无日时明易星是更最月有服期本机权来极果查标样格棋次欧正此比民水江河法注洲"
    "海清港游源点热然爱片版牌物特玩环现球理生用电男登百的目直相看真知码确示社神票福科程空站竞第算管米类精"
    "系级线组经结综编网置美群老者联肖育能自至色草营蕉行表要观规视解计认讯记论设证评话说请财责购费资赛赢足"
    "路车软载输过运近返这进送选通速道部都里重量金钱银长门间阳际限院集霸青靠面韩音页领频题香马验骗高黄黑龙"
)
"""Ideographs that are mostly part of a token of several."""

COMMON_HANGUL: Final = (
    "가간감같개거건검것게격결경계고공과관교구국그글금기까나난내노뉴는능니다당대데도동되드들등디따때라람래"
    "러런렇레려력련로록료르른를리마만말매메며면명모목무문미민바반받발방배번변보본부분비사산상생서선설성세"
    "소수스습시식신실아안않알았야어업없었에여역연였영예오온요용우운움원위유으은을음의이인일임입있자작장재"
    "적전정제조주준중지직진참처체최추출츠치카크타터텔통트특파판페포표품프하학한함합해했행험현호화확활회후"
)
"""Korean syllables that are mostly part of a token of several."""

HIRAGANA_GROUPS: Final = (
    "ありがとうございました ありがとうございます ございました されています しております してください "
    "ありがとう ありません があります こんにちは こんばんは ございます しています っています になります "
    "あります いっぱい いました おすすめ おります ください こんばん しました ちなみに ています できます "
    "でしょう について はこちら もちろん よろしく りました りまして あなた ありが いただ います かった "
    "こちら ことで これは こんに さらに された しかし します しゃれ しょう すすめ すると そこで "
    "そして そんな だから だった ちゃん っぱい つまり でした ですが ですね ですよ という ところ "
    "として なので になる ました まして ません まとめ もっと ります ろしく あと あり ある いい いう "
    "いた いつ いて いや いる えて えば える かな から かわ がお きを くだ くら けば こう ここ "
    "こと この これ ころ こん ござ さい さて さら され さん しい しか しく した して しま しゃ "
    "じめ じゃ すす する ぜひ そう そこ その それ たい ただ ため たり だけ ちな ちは ちゃ ちら "
    "った って っと っぱ ても でき です では でも とう とか とな との とは とも どう ない なお "
    "なが なく なし なた など なの なら なる なん につ にな には にも によ のお ので のみ はい "
    "ばん ぷん への ほど ほん まぁ まあ ます まず ませ また まだ まで まと まり みに もう もし "
    "もち もの ょう よう より れて れば れる ろん わせ われ をご んな "
)
"""Hiragana that are written as one token, the longest first."""

SCRIPTS: Final = (  # last character, tokens of a word beside its characters, tokens of a character
    ("\u03ff", -0.15, 0.43),  # Greek
    ("\u058f", 0.2, 0.35),  # Armenian
    ("\u05ff", 0.25, 0.43),  # Hebrew
    ("\u077f", 0.2, 0.323),  # Arabic, Persian, Urdu
    ("\u08ff", 0.4, 0.8),
    ("\u097f", 0.1, 0.385),  # Devanagari
    ("\u09ff", 0.1, 0.41),  # Bengali
    ("\u0a7f", 0.2, 0.66),  # Gurmukhi
    ("\u0aff", 0.0, 0.47),  # Gujarati
    ("\u0bff", 0.3, 0.38),  # Tamil
    ("\u0c7f", 0.2, 0.47),  # Telugu
    ("\u0cff", 0.2, 0.47),  # Kannada
    ("\u0d7f", 0.4, 0.36),  # Malayalam
    ("\u0dff", 0.2, 0.63),  # Sinhala
    ("\u0e7f", 0.3, 0.43),  # Thai
    ("\u10ff", 0.3, 0.34),  # Georgian
    ("\u17ff", 0.2, 0.5),  # Khmer
    ("\uabff", 0.2, 0.8),
    ("\uffff", 0.2, 1.5),
    ("\U0010ffff", 0.2, 2.8),
)

OTHER_SIGNS: Final = (  # last character, tokens
    ("\u2053", 1.0),  # Latin-1 signs, dashes, quotes
    ("\u25ff", 1.3),  # arrows, mathematics, boxes
    ("\u27bf", 1.7),  # dingbats and older emoji
    ("\u2fff", 2.2),
    ("\u303f", 1.0),  # punctuation of East Asia
    ("\ufdff", 2.0),
    ("\ufe0f", 0.4),  # variation selectors
    ("\uffff", 1.0),  # full-width signs
    ("\U0001ffff", 2.2),  # emoji
    ("\U0010ffff", 3.8),
)
