"""Emoji by the short names that chat services write between colons.

The table has the names that people choose most. Flags and skin tones follow a rule. A name that is not here stays.
"""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = """
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 heart ❤️ hearts ♥️ broken_heart 💔 orange_heart 🧡
yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜 black_heart 🖤 white_heart 🤍
brown_heart 🤎 sparkling_heart 💖 heartpulse 💗 heartbeat 💓 two_hearts 💕
revolving_hearts 💞 gift_heart 💝 cupid 💘 heart_eyes 😍 smiling_face_with_3_hearts 🥰
kissing_heart 😘 kissing 😗 smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 satisfied 😆
joy 😂 rolling_on_the_floor_laughing 🤣 rofl 🤣 sweat_smile 😅 slightly_smiling_face 🙂
simple_smile 🙂 upside_down_face 🙃 wink 😉 blush 😊 innocent 😇 relaxed ☺️ yum 😋
stuck_out_tongue 😛 stuck_out_tongue_winking_eye 😜 stuck_out_tongue_closed_eyes 😝
zany_face 🤪 money_mouth_face 🤑 hugging_face 🤗 hugs 🤗 face_with_hand_over_mouth 🤭
shushing_face 🤫 thinking_face 🤔 thinking 🤔 zipper_mouth_face 🤐
face_with_raised_eyebrow 🤨 neutral_face 😐 expressionless 😑 no_mouth 😶 smirk 😏
unamused 😒 face_with_rolling_eyes 🙄 roll_eyes 🙄 grimacing 😬 lying_face 🤥 relieved 😌
pensive 😔 sleepy 😪 drooling_face 🤤 sleeping 😴 mask 😷 face_with_thermometer 🤒
face_with_head_bandage 🤕 nauseated_face 🤢 face_vomiting 🤮 sneezing_face 🤧 hot_face 🥵
cold_face 🥶 woozy_face 🥴 dizzy_face 😵 exploding_head 🤯 face_with_cowboy_hat 🤠
partying_face 🥳 sunglasses 😎 nerd_face 🤓 face_with_monocle 🧐 confused 😕 worried 😟
slightly_frowning_face 🙁 white_frowning_face ☹️ open_mouth 😮 hushed 😯 astonished 😲
flushed 😳 pleading_face 🥺 frowning 😦 anguished 😧 fearful 😨 cold_sweat 😰
disappointed_relieved 😥 cry 😢 sob 😭 scream 😱 confounded 😖 persevere 😣 disappointed 😞
sweat 😓 weary 😩 tired_face 😫 yawning_face 🥱 triumph 😤 rage 😡 pout 😡 angry 😠
face_with_symbols_on_mouth 🤬 smiling_imp 😈 imp 👿 skull 💀 skull_and_crossbones ☠️
hankey 💩 poop 💩 clown_face 🤡 ghost 👻 alien 👽 robot_face 🤖 robot 🤖 saluting_face 🫡
melting_face 🫠 face_holding_back_tears 🥹 see_no_evil 🙈 hear_no_evil 🙉 speak_no_evil 🙊
kiss 💋 100 💯 anger 💢 boom 💥 collision 💥 dizzy 💫 sweat_drops 💦 dash 💨 speech_balloon 💬
thought_balloon 💭 zzz 💤 wave 👋 raised_back_of_hand 🤚
raised_hand_with_fingers_splayed 🖐️ hand ✋ raised_hand ✋ spock-hand 🖖 vulcan_salute 🖖
ok_hand 👌 pinching_hand 🤏 v ✌️ crossed_fingers 🤞
hand_with_index_and_middle_fingers_crossed 🤞 i_love_you_hand_sign 🤟 the_horns 🤘
sign_of_the_horns 🤘 metal 🤘 call_me_hand 🤙 point_left 👈 point_right 👉 point_up_2 👆
point_up ☝️ point_down 👇 middle_finger 🖕 fist ✊ facepunch 👊 punch 👊 fist_oncoming 👊
left-facing_fist 🤛 right-facing_fist 🤜 clap 👏 raised_hands 🙌 open_hands 👐
palms_up_together 🤲 handshake 🤝 pray 🙏 writing_hand ✍️ nail_care 💅 selfie 🤳 muscle 💪
ear 👂 nose 👃 brain 🧠 eyes 👀 eye 👁️ tongue 👅 lips 👄 baby 👶 boy 👦 girl 👧 man 👨 woman 👩
older_man 👴 older_woman 👵 cop 👮 ninja 🥷 detective 🕵️ princess 👸 superhero 🦸 mage 🧙
santa 🎅 angel 👼 shrug 🤷 man-shrugging 🤷‍♂️ woman-shrugging 🤷‍♀️ facepalm 🤦
face_palm 🤦 man-facepalming 🤦‍♂️ woman-facepalming 🤦‍♀️ bow 🙇 man-bowing 🙇‍♂️
woman-bowing 🙇‍♀️ raising_hand 🙋 man-raising-hand 🙋‍♂️ woman-raising-hand 🙋‍♀️
no_good 🙅 ok_woman 🙆 information_desk_person 💁 person_frowning 🙍 dancer 💃
man_dancing 🕺 runner 🏃 running 🏃 walking 🚶 male-technologist 👨‍💻
female-technologist 👩‍💻 technologist 🧑‍💻 construction_worker 👷 busts_in_silhouette 👥
bust_in_silhouette 👤 speaking_head_in_silhouette 🗣️ family 👪 couple 👫 dog 🐶 cat 🐱
mouse 🐭 hamster 🐹 rabbit 🐰 fox_face 🦊 bear 🐻 panda_face 🐼 koala 🐨 tiger 🐯 lion_face 🦁
cow 🐮 pig 🐷 frog 🐸 monkey_face 🐵 monkey 🐒 gorilla 🦍 chicken 🐔 penguin 🐧 bird 🐦
baby_chick 🐤 hatched_chick 🐥 duck 🦆 eagle 🦅 owl 🦉 bat 🦇 wolf 🐺 horse 🐴 unicorn_face 🦄
unicorn 🦄 bee 🐝 honeybee 🐝 bug 🐛 butterfly 🦋 snail 🐌 beetle 🐞 ant 🐜 spider 🕷️
spider_web 🕸️ scorpion 🦂 turtle 🐢 snake 🐍 lizard 🦎 octopus 🐙 squid 🦑 shrimp 🦐 crab 🦀
fish 🐟 tropical_fish 🐠 dolphin 🐬 whale 🐳 shark 🦈 crocodile 🐊 elephant 🐘 goat 🐐
sheep 🐑 llama 🦙 sloth 🦥 hedgehog 🦔 dragon 🐉 dragon_face 🐲 t-rex 🦖 sauropod 🦕 cactus 🌵
christmas_tree 🎄 evergreen_tree 🌲 deciduous_tree 🌳 palm_tree 🌴 seedling 🌱 herb 🌿
shamrock ☘️ four_leaf_clover 🍀 maple_leaf 🍁 fallen_leaf 🍂 leaves 🍃 mushroom 🍄
bouquet 💐 tulip 🌷 rose 🌹 hibiscus 🌺 sunflower 🌻 blossom 🌼 cherry_blossom 🌸
earth_africa 🌍 earth_americas 🌎 earth_asia 🌏 globe_with_meridians 🌐 full_moon 🌕
new_moon 🌑 crescent_moon 🌙 sun_with_face 🌞 sunny ☀️ star ⭐ star2 🌟 stars 🌠 sparkles ✨
zap ⚡ fire 🔥 flame 🔥 comet ☄️ cloud ☁️ partly_sunny ⛅ rain_cloud 🌧️ snowflake ❄️
snowman ⛄ rainbow 🌈 umbrella ☂️ umbrella_with_rain_drops ☔ ocean 🌊 droplet 💧
green_apple 🍏 apple 🍎 pear 🍐 tangerine 🍊 lemon 🍋 banana 🍌 watermelon 🍉 grapes 🍇
strawberry 🍓 melon 🍈 cherries 🍒 peach 🍑 mango 🥭 pineapple 🍍 coconut 🥥 kiwifruit 🥝
tomato 🍅 eggplant 🍆 avocado 🥑 broccoli 🥦 cucumber 🥒 hot_pepper 🌶️ corn 🌽 carrot 🥕
garlic 🧄 onion 🧅 potato 🥔 bread 🍞 croissant 🥐 bagel 🥯 cheese_wedge 🧀 egg 🥚
fried_egg 🍳 cooking 🍳 bacon 🥓 pancakes 🥞 waffle 🧇 meat_on_bone 🍖 poultry_leg 🍗
hamburger 🍔 fries 🍟 pizza 🍕 hotdog 🌭 sandwich 🥪 taco 🌮 burrito 🌯 stew 🍲 spaghetti 🍝
ramen 🍜 sushi 🍣 bento 🍱 rice 🍚 cookie 🍪 cake 🍰 birthday 🎂 cupcake 🧁 pie 🥧
chocolate_bar 🍫 candy 🍬 lollipop 🍭 doughnut 🍩 popcorn 🍿 ice_cream 🍨 icecream 🍦
honey_pot 🍯 milk 🥛 glass_of_milk 🥛 baby_bottle 🍼 coffee ☕ tea 🍵 sake 🍶 beer 🍺 beers 🍻
clinking_glasses 🥂 wine_glass 🍷 tumbler_glass 🥃 cocktail 🍸 tropical_drink 🍹
champagne 🍾 fork_and_knife 🍴 knife_fork_plate 🍽️ soccer ⚽ basketball 🏀 football 🏈
baseball ⚾ tennis 🎾 volleyball 🏐 rugby_football 🏉 8ball 🎱 golf ⛳ trophy 🏆
first_place_medal 🥇 second_place_medal 🥈 third_place_medal 🥉 sports_medal 🏅 medal 🏅
reminder_ribbon 🎗️ ticket 🎫 dart 🎯 game_die 🎲 video_game 🎮 jigsaw 🧩 art 🎨
performing_arts 🎭 microphone 🎤 headphones 🎧 musical_note 🎵 notes 🎶 guitar 🎸
drum_with_drumsticks 🥁 trumpet 🎺 violin 🎻 clapper 🎬 car 🚗 red_car 🚗 taxi 🚕 bus 🚌
racing_car 🏎️ ambulance 🚑 fire_engine 🚒 truck 🚚 tractor 🚜 bike 🚲 scooter 🛴
rotating_light 🚨 train 🚋 train2 🚆 metro 🚇 airplane ✈️ rocket 🚀 flying_saucer 🛸
helicopter 🚁 boat ⛵ sailboat ⛵ ship 🚢 anchor ⚓ construction 🚧 fuelpump ⛽ world_map 🗺️
house 🏠 house_with_garden 🏡 office 🏢 hospital 🏥 bank 🏦 school 🏫 factory 🏭 tent ⛺
mountain ⛰️ beach_with_umbrella 🏖️ desert_island 🏝️ watch ⌚ iphone 📱 calling 📲
computer 💻 keyboard ⌨️ desktop_computer 🖥️ printer 🖨️ joystick 🕹️ floppy_disk 💾 cd 💿
dvd 📀 camera 📷 video_camera 📹 movie_camera 🎥 telephone_receiver 📞 phone ☎️ tv 📺
radio 📻 stopwatch ⏱️ alarm_clock ⏰ hourglass ⌛ hourglass_flowing_sand ⏳ satellite 🛰️
battery 🔋 electric_plug 🔌 bulb 💡 flashlight 🔦 candle 🕯️ wastebasket 🗑️
money_with_wings 💸 dollar 💵 euro 💶 moneybag 💰 credit_card 💳 gem 💎 balance_scale ⚖️
wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ gear ⚙️ nut_and_bolt 🔩 magnet 🧲 gun 🔫 bomb 💣
knife 🔪 hocho 🔪 shield 🛡️ crystal_ball 🔮 telescope 🔭 microscope 🔬 pill 💊 syringe 💉
dna 🧬 test_tube 🧪 thermometer 🌡️ broom 🧹 toilet 🚽 key 🔑 door 🚪 bed 🛏️
couch_and_lamp 🛋️ shopping_trolley 🛒 shopping_cart 🛒 gift 🎁 balloon 🎈 tada 🎉
confetti_ball 🎊 dolls 🎎 wind_chime 🎐 envelope ✉️ email 📧 e-mail 📧 incoming_envelope 📨
inbox_tray 📥 outbox_tray 📤 package 📦 mailbox 📫 label 🏷️ scroll 📜 page_facing_up 📄
page_with_curl 📃 bookmark_tabs 📑 bar_chart 📊 chart_with_upwards_trend 📈
chart_with_downwards_trend 📉 calendar 📆 date 📅 spiral_calendar_pad 🗓️ card_index 📇
clipboard 📋 file_folder 📁 open_file_folder 📂 newspaper 📰 notebook 📓 closed_book 📕
green_book 📗 blue_book 📘 orange_book 📙 books 📚 book 📖 bookmark 🔖 link 🔗 paperclip 📎
scissors ✂️ triangular_ruler 📐 straight_ruler 📏 pushpin 📌 round_pushpin 📍 pencil2 ✏️
pencil 📝 memo 📝 lower_left_fountain_pen 🖋️ mag 🔍 mag_right 🔎 lock 🔒 unlock 🔓
closed_lock_with_key 🔐 peace_symbol ☮️ yin_yang ☯️ radioactive_sign ☢️
biohazard_sign ☣️ vs 🆚 x ❌ o ⭕ octagonal_sign 🛑 stop_sign 🛑 no_entry ⛔
no_entry_sign 🚫 name_badge 📛 exclamation ❗ heavy_exclamation_mark ❗
grey_exclamation ❕ question ❓ grey_question ❔ bangbang ‼️ interrobang ⁉️ warning ⚠️
children_crossing 🚸 recycle ♻️ white_check_mark ✅ heavy_check_mark ✔️
ballot_box_with_check ☑️ negative_squared_cross_mark ❎ heavy_multiplication_x ✖️
heavy_plus_sign ➕ heavy_minus_sign ➖ heavy_division_sign ➗ infinity ♾️
eight_spoked_asterisk ✳️ sparkle ❇️ copyright ©️ registered ®️ tm ™️ zero 0️⃣ one 1️⃣
two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟
1234 🔢 abc 🔤 hash #️⃣ arrow_up ⬆️ arrow_down ⬇️ arrow_left ⬅️ arrow_right ➡️
arrow_upper_right ↗️ arrow_lower_right ↘️ arrow_up_down ↕️ left_right_arrow ↔️
arrows_counterclockwise 🔄 arrows_clockwise 🔃 repeat 🔁 leftwards_arrow_with_hook ↩️
arrow_right_hook ↪️ fast_forward ⏩ rewind ⏪ arrow_forward ▶️ arrow_backward ◀️
double_vertical_bar ⏸️ black_square_for_stop ⏹️ new 🆕 free 🆓 up 🆙 cool 🆒 ok 🆗 sos 🆘
information_source ℹ️ red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡
large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣 large_brown_circle 🟤
black_circle ⚫ white_circle ⚪ large_red_square 🟥 large_orange_square 🟧
large_yellow_square 🟨 large_green_square 🟩 large_blue_square 🟦 large_purple_square 🟪
black_large_square ⬛ white_large_square ⬜ small_red_triangle 🔺
small_red_triangle_down 🔻 large_blue_diamond 🔷 large_orange_diamond 🔶 bell 🔔
no_bell 🔕 mute 🔇 speaker 🔈 sound 🔉 loud_sound 🔊 mega 📣 loudspeaker 📢 checkered_flag 🏁
triangular_flag_on_post 🚩 waving_white_flag 🏳️ waving_black_flag 🏴 rainbow-flag 🏳️‍🌈
pirate_flag 🏴‍☠️ crown 👑 tophat 🎩 mortar_board 🎓 billed_cap 🧢
helmet_with_white_cross ⛑️ eyeglasses 👓 dark_sunglasses 🕶️ necktie 👔 shirt 👕 jeans 👖
dress 👗 bikini 👙 shoe 👞 athletic_shoe 👟 high_heel 👠 boot 👢 gloves 🧤 scarf 🧣 socks 🧦
handbag 👜 school_satchel 🎒 briefcase 💼 lipstick 💄 ring 💍 footprints 👣
jack_o_lantern 🎃 fireworks 🎆 sparkler 🎇 firecracker 🧨 city_sunset 🌆
night_with_stars 🌃 sunrise 🌅 clock1 🕐 clock12 🕛 dango 🍡
"""  # noqa: RUF001 - emoji that look like signs
_NAMES: Final[dict[str, str]] = dict(zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True))
_FLAG: Final = re.compile(r"(?:flag-)?([a-z])([a-z])")
_SHORT_FLAGS: Final = frozenset({"cn", "de", "es", "fr", "gb", "uk", "it", "jp", "kr", "ru", "us"})
_TONES: Final = {f"skin-tone-{tone}": chr(0x1F3F9 + tone) for tone in range(2, 7)}
_REGIONAL: Final = 0x1F1E6 - ord("a")
_VARIATION: Final = "\ufe0f"
_JOINER: Final = "\u200d"


def emoji_of(name: str) -> str:
    """The emoji that a short name such as ``+1::skin-tone-3`` stands for; ``:name:`` when it is not known."""
    base, *tones = name.strip(":").split("::")
    emoji = _NAMES.get(base) or _flag(base)
    if not emoji:
        return f":{name.strip(':')}:"
    for tone in tones:
        # A tone stands in the place of the sign that asks for colours, before whatever is joined.
        first, joiner, rest = emoji.partition(_JOINER)
        emoji = first.removesuffix(_VARIATION) + _TONES.get(tone, "") + joiner + rest
    return emoji


def emoji_of_codes(codes: str) -> str:
    """The emoji of code points such as ``1f44d-1f3fc``; empty when they are none."""
    try:
        return "".join(chr(int(code, 16)) for code in codes.split("-"))
    except (ValueError, OverflowError):
        return ""


def _flag(name: str) -> str:
    found = _FLAG.fullmatch(name)
    if found is None or (not name.startswith("flag-") and name not in _SHORT_FLAGS):
        return ""
    letters = "gb" if found[1] + found[2] == "uk" else found[1] + found[2]
    return "".join(chr(_REGIONAL + ord(letter)) for letter in letters)
