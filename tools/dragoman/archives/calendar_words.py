"""Names of months, and marks of the halves of a day, in the languages of people's phones and accounts."""

from __future__ import annotations

from typing import Final

_MONTHS: Final = """
januarie ጃንዋሪ يناير yanvar студзеня студзень януари জানুয়ারি januar gener ledna leden ionawr
ιανουαρίου ιανουάριοσ january enero jaanuar urtarrila ژانویه tammikuuta tammikuu janvier eanáir
xaneiro જાન્યુઆરી ינואר जनवरी siječnja siječanj január հունվարի հունվար januari janúar gennaio
იანვარი қаңтар មករា ಜನವರಿ январь ມັງກອນ sausio sausis janvāris јануари ജനുവരി जानेवारी ဇန်နဝါရီ
ਜਨਵਰੀ stycznia styczeń janeiro ianuarie января දුරුතු januára janar јануар ஜனவரி జనవరి มกราคม ocak
січня січень جنوری januwari urtarrilaren нэгдүгээр
|
februarie ፌብሩዋሪ فبراير fevral лютага люты февруари ফেব্রুয়ারি februar febrer února únor chwefror
φεβρουαρίου φεβρουάριοσ february febrero veebruar otsaila فوریه helmikuuta helmikuu pebrero février
feabhra febreiro ફેબ્રુઆરી פברואר फ़रवरी veljače veljača február փետրվարի փետրվար februari febrúar
febbraio თებერვალი ақпан កុម្ភៈ ಫೆಬ್ರವರಿ февраль ກຸມພາ vasario vasaris februāris ഫെബ്രുവരി
फेब्रुवारी ဖေဖော်ဝါရီ फेब्रुअरी ਫ਼ਰਵਰੀ lutego luty fevereiro февраля නවම් februára shkurt фебруар
பிப்ரவரி ఫిబ్రవరి กุมภาพันธ์ şubat лютого лютий فروری februwari otsailaren хоёрдугаар
|
maart ማርች مارس mart сакавіка сакавік март মার্চ març března březen mawrth marts märz μαρτίου μάρτιοσ
march marzo märts martxoa maaliskuuta maaliskuu marso mars márta માર્ચ מרץ मार्च ožujka ožujak
március մարտի մարտ maret მარტი наурыз មីនា ಮಾರ್ಚ್ ມີນາ kovo kovas മാർച്ച് mac မတ် ਮਾਰਚ marca marzec
março martie марта මැදින් marec machi மார்ச் మార్చి มีนาคม березня березень مارچ mashi martxoaren
гуравдугаар
|
april ኤፕሪል أبريل aprel красавіка красавік април এপ্রিল abril dubna duben ebrill απριλίου απρίλιοσ
aprill apirila آوریل huhtikuuta huhtikuu avril aibreán એપ્રિલ אפריל अप्रैल travnja travanj április
ապրիլի ապրիլ apríl aprile აპრილი сәуір មេសា ಏಪ್ರಿಲ್ апрель ເມສາ balandžio balandis aprīlis ഏപ്രിൽ
एप्रिल ဧပြီ अप्रिल ਅਪ੍ਰੈਲ kwietnia kwiecień aprilie апреля බක් apríla prill aprili ஏப்ரல் ఏప్రిల్
เมษายน nisan квітня квітень اپریل ephreli apirilaren дөрөвдүгээр
|
mei ሜይ مايو may мая май মে maj maig května květen mai μαΐου μάιοσ mayo maiatza مه toukokuuta
toukokuu bealtaine maio મે מאי मई svibnja svibanj május մայիսի մայիս maí maggio მაისი мамыр ឧសភា ಮೇ
ພຶດສະພາ gegužės gegužė maijs мај മേയ് मे မေ ਮਈ maja වෙසක් mája máj மே మే พฤษภาคม mayıs травня
травень مئی meyi maiatzaren тавдугаар
|
junie ጁን يونيو iyun чэрвеня чэрвень юни জুন juni juny června červen mehefin ιουνίου ιούνιοσ june
junio juuni ekaina ژوئن kesäkuuta kesäkuu hunyo juin meitheamh xuño જૂન יוני जून lipnja lipanj
június հունիսի հունիս júní giugno ივნისი маусым មិថុនា ಜೂನ್ июнь ມິຖຸນາ birželio birželis jūnijs
јуни ജൂൺ jun ဇွန် जुन ਜੂਨ czerwca czerwiec junho iunie июня පොසොන් júna jún junij qershor јун ஜூன்
జూన్ มิถุนายน haziran червня червень جون ekainaren зургаадугаар
|
julie ጁላይ يوليو iyul ліпеня ліпень юли জুলাই juli juliol července červenec gorffennaf ιουλίου
ιούλιοσ july julio juuli uztaila ژوئیه heinäkuuta heinäkuu hulyo juillet iúil xullo જુલાઈ יולי जुलाई
srpnja srpanj július հուլիսի հուլիս júlí luglio ივლისი шілде កក្កដា ಜುಲೈ июль ກໍລະກົດ liepos liepa
jūlijs јули ജൂലൈ जुलै julai ဇူလိုင် ਜੁਲਾਈ lipca lipiec julho iulie июля ඇසළ júla júl julij korrik
јул jul ஜூலை జులై กรกฎาคม temmuz липня липень جولائی julayi uztailaren долоодугаар
|
augustus ኦገስት أغسطس avqust жніўня жнівень август আগস্ট august agost srpna srpen awst αυγούστου
αύγουστοσ agosto abuztua اوت elokuuta elokuu août lúnasa ઑગસ્ટ אוגוסט अगस्त kolovoza kolovoz
augusztus օգոստոսի օգոստոս agustus ágúst აგვისტო тамыз សីហា ಆಗಸ್ಟ್ ສິງຫາ rugpjūčio rugpjūtis augusts
ഓഗസ്റ്റ് ऑगस्ट ogos ဩဂုတ် अगस्ट ਅਗਸਤ sierpnia sierpień августа නිකිණි augusta avgust gusht augusti
agosti ஆகஸ்ட் ఆగస్టు สิงหาคม ağustos серпня серпень اگست agasti abuztuaren наймдугаар
|
september ሴፕቴምበር سبتمبر sentyabr верасня верасень септември সেপ্টেম্বর septembar setembre září medi
σεπτεμβρίου σεπτέμβριοσ septiembre iraila سپتامبر syyskuuta syyskuu setyembre septembre setembro
સપ્ટેમ્બર ספטמבר सितंबर rujna rujan szeptember սեպտեմբերի սեպտեմբեր settembre სექტემბერი қыркүйек
កញ្ញា ಸೆಪ್ಟೆಂಬರ್ сентябрь ກັນຍາ rugsėjo rugsėjis septembris സെപ്റ്റംബർ सप्टेंबर စက်တင်ဘာ सेप्टेम्बर
ਸਤੰਬਰ września wrzesień septembrie сентября බිනර septembra shtator септембар septemba செப்டம்பர்
సెప్టెంబర్ กันยายน eylül вересня вересень ستمبر sentabr septhemba irailaren есдүгээр meán
|
oktober ኦክቶበር أكتوبر oktyabr кастрычніка кастрычнік октомври অক্টোবর oktobar octubre října říjen
hydref οκτωβρίου οκτώβριοσ october oktoober urria اکتبر lokakuuta lokakuu oktubre octobre outubro
ઑક્ટોબર אוקטובר अक्टूबर október հոկտեմբերի հոկտեմբեր ottobre ოქტომბერი қазан តុលា ಅಕ್ಟೋಬರ್ октябрь
ຕຸລາ spalio spalis oktobris ഒക്‌ടോബർ ऑक्टोबर အောက်တိုဘာ अक्टोबर ਅਕਤੂਬਰ października październik
octombrie октября වප් októbra tetor октобар oktoba அக்டோபர் అక్టోబర్ ตุลาคม ekim жовтня жовтень
اکتوبر oktabr okthoba urriaren аравдугаар deireadh
|
november ኖቬምበር نوفمبر noyabr лістапада лістапад ноември নভেম্বর novembar novembre listopadu tachwedd
νοεμβρίου νοέμβριοσ noviembre azaroa نوامبر marraskuuta marraskuu nobyembre samhain novembro નવેમ્બર
נובמבר नवंबर studenoga studeni նոյեմբերի նոյեմբեր nóvember ნოემბერი қараша វិច្ឆិកា ನವೆಂಬರ್ ноябрь
ພະຈິກ lapkričio lapkritis novembris നവംബർ नोव्हेंबर နိုဝင်ဘာ नोभेम्बर ਨਵੰਬਰ noiembrie ноября ඉල්
novembra nëntor новембар novemba நவம்பர் నవంబర్ พฤศจิกายน kasım листопада листопад نومبر azaroaren
listopada
|
desember ዲሴምበር ديسمبر dekabr снежня снежань декември ডিসেম্বর decembar desembre prosince prosinec
rhagfyr december dezember δεκεμβρίου δεκέμβριοσ diciembre detsember abendua دسامبر joulukuuta
joulukuu disyembre décembre nollaig decembro ડિસેમ્બર דצמבר दिसंबर prosinca prosinac դեկտեմբերի
դեկտեմբեր dicembre დეკემბერი желтоқсан ធ្នូ ಡಿಸೆಂಬರ್ декабрь ທັນວາ gruodžio gruodis decembris ഡിസംബർ
डिसेंबर disember ဒီဇင်ဘာ डिसेम्बर ਦਸੰਬਰ grudnia grudzień dezembro decembrie декабря උඳුවප් decembra
dhjetor децембар desemba டிசம்பர் డిసెంబర్ ธันวาคม aralık грудня грудень دسمبر disemba abenduaren
"""

MONTHS: Final = {name: number for number, names in enumerate(_MONTHS.split("|"), 1) for name in names.split()}
"""The number of a month by its name as it stands in dates, in small letters.

Croatian ``listopad`` is missing, which is another month in Polish. Mongolian counts the last two as ten and one, two.
"""

_MORNING: Final = """
am a vorm vm ص قظ πμ öö 오전 上午 午前 凌晨 早上 清晨 de fm dop ap дп sa pg pd ጥዋት पूर्वाह्न मपू পূর্বাহ্ন পূর্বাহ্ণ ਪੂਦੁ
முற்பகல் ಪೂರ್ವಾಹ್ನ පෙව နံနက် ព្រឹក ກ່ອນທ່ຽງ ก่อนเที่ยง eparadites paradites priešpiet priekšp претпл проб үө таңкы
fh ek преподне prepodne to قبلدوپہر
"""

MORNING: Final = frozenset(_MORNING.split())
"""Marks of the first half of a day, without points and spaces."""

_AFTERNOON: Final = """
pm p nachm nm م بظ μμ ös 오후 下午 午後 中午 晚上 傍晚 du em odp pop ip пп ch ptg md ከሰዓት अपराह्न मउ অপরাহ্ন অপরাহ্ণ ਬਾਦੁ
பிற்பகல் ಅಪರಾಹ್ನ පව ညနေ ល្ងាច ຫຼັງທ່ຽງ หลังเที่ยง epasdites pasdites popiet pēcp попл слоб үх түштөнкийинки
eh pk поподне popodne tk بعددوپہر
"""

AFTERNOON: Final = frozenset(_AFTERNOON.split())
"""Marks of the second half of a day."""
