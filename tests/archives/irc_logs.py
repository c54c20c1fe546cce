"""The same talk in the log of each client of IRC."""

from __future__ import annotations

IRSSI = """\
--- Log opened Tue Mar 10 09:00:00 2026
09:00 -!- maria [~m@x.example] has joined #harbour
09:01 <@maria> one
09:02 < oleg> two
09:03  * oleg waves
09:04 -oleg:#harbour- three
09:05 -!- maria changed the topic of #harbour to: boats
09:06 -!- oleg is now known as olli
09:07 -!- olli was kicked from #harbour by maria [spam]
09:08 -!- mode/#harbour [+o maria] by ChanServ
09:09 -!- Irssi: #harbour: Total of 3 nicks [1 ops, 0 halfops, 0 voices, 2 normal]
23:59 <@maria> late
--- Day changed Wed Mar 11 2026
00:01 <+lena> early
--- Log closed Wed Mar 11 00:02:00 2026
"""
WEECHAT = """\
2026-03-10 09:00:00\t-->\tmaria (~m@x.example) has joined #harbour
2026-03-10 09:01:00\t@maria\tone
2026-03-10 09:02:00\toleg\ttwo
2026-03-10 09:03:00\t *\toleg waves
2026-03-10 09:04:00\t--\tNotice(oleg): three
2026-03-10 09:05:00\t--\tmaria has changed topic for #harbour to "boats"
2026-03-10 09:06:00\t--\toleg is now known as olli
2026-03-10 09:07:00\t<--\tmaria has kicked olli (spam)
2026-03-10 09:08:00\t--\tMode #harbour [+o maria] by ChanServ
2026-03-10 09:09:00\t--\tTopic for #harbour is "boats"
2026-03-10 23:59:00\t@maria\tlate
2026-03-11 00:01:00\t+lena\tearly
"""
ZNC = """\
[09:00:00] *** Joins: maria (~m@x.example)
[09:01:00] <maria> one
[09:02:00] <oleg> two
[09:03:00] * oleg waves
[09:04:00] -oleg- three
[09:05:00] *** maria changes topic to 'boats'
[09:06:00] *** oleg is now known as olli
[09:07:00] *** olli was kicked by maria (spam)
[09:08:00] *** ChanServ sets mode: +o maria
[09:09:00] *** Quits: olli (~o@x.example) (Ping timeout)
[23:59:00] <maria> late
"""
HEXCHAT = """\
**** BEGIN LOGGING AT Tue Mar 10 09:00:00 2026

Mar 10 09:00:00 *\tmaria (~m@x.example) has joined
Mar 10 09:01:00 <maria>\tone
Mar 10 09:02:00 <oleg>\ttwo
Mar 10 09:03:00 *\toleg waves
Mar 10 09:04:00 -oleg/#harbour-\tthree
Mar 10 09:05:00 *\tmaria has changed the topic to: boats
Mar 10 09:06:00 *\toleg is now known as olli
Mar 10 09:07:00 *\tmaria has kicked olli from #harbour (spam)
Mar 10 09:08:00 *\tChanServ gives channel operator status to maria
Mar 10 23:59:00 <maria>\tlate
Mar 11 00:01:00 <lena>\tearly
**** ENDING LOGGING AT Wed Mar 11 00:02:00 2026
"""
MIRC = """\

Session Start: Tue Mar 10 09:00:00 2026
Session Ident: #harbour
[09:00] * Joins: maria (~m@x.example)
[09:01] <@maria> \x0304o\x03\x02ne\x0f
[09:02] <oleg> two
[09:03] * oleg waves
[09:04] -oleg- three
[09:05] * maria changes topic to 'boats'
[09:06] * oleg is now known as olli
[09:07] * olli was kicked by maria (spam)
[09:08] * ChanServ sets mode: +o maria
[23:59] <@maria> late
Session Time: Wed Mar 11 00:00:00 2026
[00:01] <+lena> early
Session Close: Wed Mar 11 00:02:00 2026
"""
EGGDROP = """\
[09:00] maria (~m@x.example) joined #harbour.
[09:01] <maria> one
[09:02] <oleg> two
[09:03] Action: oleg waves
[09:04] -oleg:#harbour- three
[09:05] Topic changed on #harbour by maria!~m@x.example: boats
[09:06] Nick change: oleg -> olli
[09:07] olli kicked from #harbour by maria: spam
[09:08] #harbour: mode change '+o maria' by ChanServ!services@x.example
[23:59] <maria> late
"""
LIMNORIA = """\
2026-03-10T09:00:00  *** maria <~m@x.example> has joined #harbour
2026-03-10T09:01:00  <maria> one
2026-03-10T09:02:00  <oleg> two
2026-03-10T09:03:00  * oleg waves
2026-03-10T09:04:00  -oleg- three
2026-03-10T09:05:00  *** maria changes topic to "boats"
2026-03-10T09:06:00  *** oleg is now known as olli
2026-03-10T09:07:00  *** olli was kicked by maria (spam)
2026-03-10T09:08:00  *** ChanServ sets mode: +o maria
2026-03-10T23:59:00  <maria> late
2026-03-11T00:01:00  <lena> early
"""
BOTH_DAYS = {"irssi": IRSSI, "weechat": WEECHAT, "hexchat": HEXCHAT, "mirc": MIRC, "limnoria": LIMNORIA}
ONE_DAY = {"znc": ZNC, "eggdrop": EGGDROP}
PATHS = {
    "irssi": "Libera/#harbour.log",
    "weechat": "irc.Libera.#harbour.weechatlog",
    "hexchat": "Libera-#harbour.log",
    "mirc": "#harbour.Libera.log",
    "limnoria": "Libera/#harbour/#harbour.log",
    "znc": "Libera/#harbour/2026-03-10.log",
    "eggdrop": "Libera/#harbour.20260310",
}
