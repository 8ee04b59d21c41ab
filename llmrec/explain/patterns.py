"""Words by which a shop's sentences are told apart: what leans on others, cautions, or is no fact.

Lists, as long as they are because they were read off real catalogues: the demo store's and 3,459
descriptions of office supplies. A sentence that they let through wrongly is still the shop's own,
whole and true to its text; one that they keep back wrongly is missed by nobody. So they are strict.
"""

from __future__ import annotations

import re

__all__ = [
    "CARE",
    "CAUTION",
    "FOOTNOTE",
    "LEANS",
    "LEANS_AT_END",
    "NOT_IN_CHINESE",
    "NO_FACT",
    "OF_ANOTHER",
    "OF_TROUBLE",
    "PRAISE",
    "TAKES_BACK",
]


def _any(listed: str) -> str:
    """A pattern for one of the alternatives, which stand apart by two spaces or lines."""
    return "|".join(re.split(r"\s*\n\s*|\s{2,}", listed.strip()))


_WORD_END = r"(?![\w’'-])"

LEANS = re.compile(
    "(?:"
    + _any(r"""
    they  these  those  this  that  it  its  it[’']s  their  theirs  he  she  his  her  but  and  or
    so  yet  nor  otherwise  however  therefore  then  also  both  each  either  neither  another
    others?  such  some  most  mostly  none  same  here  instead  moreover  furthermore  besides
    additionally  thus  hence  except  because  unless  only  even  still  again  yes  no,  plus,
    after that  for example  for instance  as a result  in other words  as a bonus
    in (?:addition|this|that|these|those|contrast)
    (?:with|for|of|like|unlike) (?:this|that|these|those|it|them)
    the (?:same|other|others|former|latter|second|third|rest)
    (?:one|two|three|four) (?:for|of|is|are|has|goes?|to)
    not(?! (?:for|in|on|an?|to be|suitable|recommended|insulated|airtight|compatible|STANDS)\b)
    sie  es  er  dies\w{0,2}  jene\w?  aber  doch  und  oder  sonst  ansonsten  jedoch  dennoch
    trotzdem  deshalb  darum  daher  deswegen  dann  danach  dabei  dazu  damit  dafür  davon
    daran  darin  darauf  auch  außerdem  zudem  ebenso  beide\w?  jede\w?  einige  manche
    andere\w?  ihre?\w?  seine?\w?  hier  dort  sondern  allerdings  nämlich  ersteres  letzteres
    nein  ja  statt ?dessen  das (?:ist|hat|wird|macht|geht|hilft|kann|gilt|alles)
    (?:der|die|das) (?:gleiche|selbe|andere|zweite)\w?
    (?:ohne|mit|für) (?:beides?|das|dies\w{0,2}|ihn|ihm|ihr|ihnen|sie)
    nicht(?! (?:für|in|ins|auf|im|geeignet|enthalten|spülmaschinen\w{1,9}|wasserdicht)\b)
    """).replace("STANDS", "included|dishwasher|waterproof|meant|intended")
    + f"){_WORD_END}|"
    + _any("""
    [它他她这那其但而并也还又都]  不过  否则  然而  因此  所以  此外  另外  同时  两者  [前后]者
    同样  于是  然后  不然  可是  只是  反之
    """),
    re.IGNORECASE,
)
"""Begins a sentence that cannot be understood, or is another, without the one before."""

LEANS_AT_END = re.compile(
    r"\b(?:too|as well|either|auch|ebenfalls)[.!]$|也(?:是|行|可以|一样)。$", re.IGNORECASE
)
"""Ends such a sentence: "Thorns can too."."""

TAKES_BACK = re.compile(
    "(?:"
    + _any("""
    but  however  otherwise  except  unless  only  mostly  not  never  although  though  yet  still
    nor  beware  aber  doch  jedoch  allerdings  sonst  ansonsten  nur  nicht  nie  außer  trotzdem
    dennoch
    """)
    + f"){_WORD_END}|"
    + _any("但  不过  否则  然而  只是  可是  除非  不  仅  只能"),
    re.IGNORECASE,
)
"""Begins a sentence without which the one before would say more than is true."""

OF_ANOTHER = re.compile(
    "(?:"
    + _any(r"""
    (?:the )?same  also  but  and  or  otherwise  however  another  others?  as above
    (?:der|die|das|den) (?:gleiche|selbe)\w?  auch  ebenso  aber  und
    """)
    + f"){_WORD_END}|同样|同上|但|也",
    re.IGNORECASE,
)
"""At the beginning of a text a pronoun is the product; these lean on another product's page."""

NO_FACT = re.compile(
    r"\b(?:"
    + _any(r"""
    click  visit (?:us|our|my|the (?:maker|manufacturer)|manufacturer\w*|www)
    see (?:our|below|pictures?|photos?|images?|other)  contact us
    e-?mails?  shipping  ships?  shipped  deliver(?:y|ed|s|ies)  money.?back  guarantee\w*
    warrant(?:y|ies)  refund\w*  return policy  customer (?:service|support|satisfaction)  customers
    feedback  satisfaction  sellers?  an? \w+ brand  only \w+ offers  that year  over the years
    we (?:are|offer|strive|believe|produce|design|carry)  constantly  pride ourselves  my store
    search by  reviews?  people love
    our (?:store|shop|other|products?|company|team|website|brand)  order (?:now|today|yours|a few)
    buy (?:now|it now|one|with|only|from)  add to (?:cart|basket)  purchas\w+  prices?  priced
    discount\w*  sales?  (?:great|best|special|today[’']?s) deals?  save (?:money|time|up)
    in stock  out of stock  limited (?:time|offer)  best.?sell\w+  number one  world[’']?s
    leading  leaders?  since (?:18|19|20)\d\d  in (?:18|19)\d\d  invented  invent(?:or|ion)s?
    founded  (?:the|a|our|this|\w+ed|\w+ese|\w+an) compan(?:y|ies)  products? company
    compan(?:y|ies) (?:is|was|that|which|has|based)
    headquarter\w*  mission  the name (?:is|was|comes)  is dedicated to  focus(?:es)? on the
    (?:reliable|trusted|truthful) source  distribution network  environmentally responsible
    \d+ years (?:later|ago|of)  boasts?  just get  go ahead  no limit
    not your (?:basic|average|ordinary|typical|usual)  is the \w+ to (?:get|have|own)
    cheaper deals?  shop around  lower quality  counterfeits?
    available in (?:standard|other|both|all|assorted|(?:two|three|four|\d+) (?:\w+ ){0,2}families)
    be the (?:boss|first|envy|star|hero)  try (?:the|our|this|these) (?:new )?  each collection
    if you wish to  get (?:rich|the most|great|ready|more)  buy th(?:is|ese|e)
    product line  family of
    (?:variety|selection|choice|range) of (?:\w+ )?(?:choices|colou?rs|styles|designs|sizes)
    the best (?:\w+ )?(?:for|in|on)
    no traditional  heritage  committed  commitment  innovat\w+  trademarks?  all rights
    disclaimer  ignore (?:all|any|the|previous|everything)  look no further  hesitate
    monitor settings  upc  asin  model (?:number|no)  item (?:number|no)  sku  amazing  incredible
    unbeatable  stunning  unbelievable  you[’']ll love  you will love  the name \w+ comes  we[’']?ve
    klick\w*  besuchen sie  unsere[nmrs]? (?:shop|laden|onlineshop|produkte|firma)  versand\w*
    liefer(?:ung|zeit|bar|n)\w*  rückgabe\w*  garantie\w*  gewährleistung  kundendienst
    kundenservice  bewertung\w*  preis\w*  rabatt\w*  sonderangebot\w*  sparen sie
    jetzt (?:kaufen|bestellen|zugreifen)  bestellen sie  versandkostenfrei  kundenzufriedenheit
    unternehmen  marktführer  ignorier\w*
    famous  renowned  tradition of  unsurpassed  valued (?:by|all|inter|world)\w*
    you[’']?re sure  (?:be|are) satisfied  (?:teachers|professionals|experts) (?:prefer|trust)
    trusted (?:by|brand|name)  trust \w+  (?:colou?rs|sizes|styles|designs) to choose from
    (?:available|comes?|offered) in (?:an? )?(?:\w+ )?(?:range|variety|choice|array|selection) of
    (?:available|comes?|offered) in (?:many|several|various|different|other|multiple) \w+
    in (?:vielen|verschiedenen|mehreren|anderen) (?:farben|größen)  bekannt\w* für  weltbekannt\w*
    weltweit (?:bekannt|geschätzt)  tradition  traditionsreich\w*
    """)
    + r")\b|"
    + _any(r"""
    https?:  www\.  \.(?:com|net|org|de|cn)\b  \S@\S  [$€£¥#©]  \d\s?(?:eur|usd|euros?|dollars?)\b
    点击  关注  收藏  店铺  本店  客服  包邮  发货  快递  退换  退货  保修  质保  好评  优惠  促销
    折扣  特价  秒杀  价格  \d\s?元  下单  购买  加购  正品  厂家  公司  旗舰  热销  爆款  忽略
    微信  二维码  多种(?:颜色|款式|尺寸)可选  知名  闻名
    """),
    re.IGNORECASE,
)
"""Pages, shipping, money, the maker's history, praise of the seller, commands to a model."""

_ORDINARY = (
    "ordinary|regular|conventional|typical|cheap(?:er)?|generic|inferior|lesser|competing"
    "|traditional|standard|normal|old|many|most|other"
)
_FAILS = (
    "tear|break|leak|fail|slip|fade|crack|rust|wear|fall|bend|wobble|smear|tip over|dry (?:out|up)"
    "|come (?:apart|loose|undone)|tend|often|usually|only|just|rarely|never|always|lose|need"
    "|require|do(?:n[’']t| not)|can(?:not|[’']t)|provide only"
    "|are (?:too|not|hard|heavy|bulky|flimsy|made)"
)
_ORDINARY_GERMAN = "herkömmliche|gewöhnliche|normale|andere|billige|viele|die meisten"
_FAILS_GERMAN = (
    "reißen|brechen|rosten|tropfen|kippen|verlieren|kratzen|rutschen|gehen (?:kaputt|auf|leicht)"
    "|sind (?:zu|nicht|schwer)|haben (?:kein|nur)|halten (?:nur|nicht)|werden (?:schnell|nach)"
    "|bieten nur|können nicht"
)

_OTHERS_FAIL = (
    r"\b(?:where|when|unlike|while|as) (?:many |most |other |basic |cheap |ordinary )+"
    r"(?:[\w-]+ )?[\w-]+s (?:fall|break|fail|tear|crack|wear|leak|give|lose)\b"
)

OF_TROUBLE = re.compile(
    _OTHERS_FAIL
    + r"|(?:^|[.!?]\s)(?:"
    # Of other products: "Most bags tear at the seams." In the singular it may be this one.
    + rf"(?:too |so )?(?:{_ORDINARY})(?: [\w-]+){{0,3}} [\w-]*s (?:{_FAILS})\b"
    + rf"|(?:{_ORDINARY_GERMAN})(?: \w+){{1,3}} (?:{_FAILS_GERMAN})|(?:"
    + _any(r"""
    (?:most|many|some|few) (?:people|of us|men|women|parents|users|shoppers|cooks|drivers)
    (?:everyone|everybody|we all|anyone who|no ?one|nobody) (?:has|have|knows?)  we[’']ve all
    you(?: all)? know (?:the|how|what|it)  (?:no ?one|nobody) (?:likes|wants|enjoys|needs)
    (?:do not|don[’']t) (?:let|you|settle|worry)  remember when  chances are  gone are  what if
    (?:so )?(?:tired|sick|fed up|weary|bored|frustrated|annoyed|struggling|worried)
    ever (?:had|wish\w*|wonder\w*|tried|been|notice\w*)  imagine  how (?:often|many times)
    the last thing (?:you|anyone)  there(?:[’']?s| is) nothing (?:worse|more|like|better)
    nothing is (?:worse|more|as)  (?:say|wave) good-?bye  no more(?! than)  forget  stop  life is
    never (?:again|worry|lose|has an?)  never [\w\s]{1,30} again
    when you[’']?(?:re| are) (?:in the middle|tired|on the)
    [\w-]+ing [\w\s,]{1,60} can be (?:an? )?(?:rough|hard|tough|pain|hassle|tricky)
    [\w-]+ing [\w\s,]{1,60} can be (?:an? )?(?:nuisance|challeng\w+)
    \w+ can be (?:an? )?(?:hassle|pain|nuisance|chore|challenge)
    finding (?:the|a|an) [\w\s]{1,30} (?:is|can)  if you[’']?ve  if you (?:hate|have ever)
    if you[’']?(?:re| are) (?:looking|tired|sick|like|searching)
    your (?:wrists?|back|hands?|neck|eyes|shoulders|fingers) (?:is|are|hurts?|aches?|gets?)
    it[’']?s (?:hard|difficult|annoying|frustrating|no fun)  (?:in )?today[’']s (?:world|busy)
    schluss mit  kein ärger  genug von  nie mehr  nie wieder  wer kennt  kennen sie  kennst du
    (?:jeder|jede) kennt  (?:niemand|keiner) (?:mag|will)  haben sie (?:genug|es satt)
    stell dir  stellen sie sich  vergessen sie  vergiss  keine lust  schon wieder
    """)
    + rf"){_WORD_END})|(?:^|[。！])(?:"
    + _any("""
    还在为  你?是不是  你?是否  受够  市面上  大多数  多数人  很多人  许多人  每个人都  没有人  谁不
    其[他它](?:品牌|产品|同类)  (?:普通|一般|传统|廉价)的?[^，。]{1,10}(?:容易|总是|经常|常常|会|不)
    告别  再也不  厌倦  想象一下  别再  不用再
    """)
    + ")",
    re.IGNORECASE,
)
"""What an advertisement begins with: the fault of other products, or the reader's trouble."""

FOOTNOTE = re.compile(
    # A star stands for a note, unless it stands between numbers: "10*15 cm".
    r"(?<!\d)\*|\*(?!\d)|[†‡§※①-⑳⁰⁴-⁹¹]|(?<![a-z])[²³]|[a-zäöüß]{3}[²³]|（\d{1,2}）|[【〔]\d"
    # "(2)" behind a word is a note, but "a set of (6) refills" counts.
    r"|(?<!\bof )(?<!\bwith )(?<!\bincludes )(?<!\bcontains )\(1?\d\)(?!\s?[x×])"
    r"|\b[a-zäöüß]{4,}[1-9](?=[\s,.;]|$)|[\u4e00-\u9fff]\d[)）]"
    r"|\b(?:foot ?notes?|see notes? \d|fußnoten?|siehe hinweis)\b|[见注][释①-⑳]|注\d",
    re.IGNORECASE,
)
"""A mark of a note that is not quoted with the sentence, and mostly takes something back."""

NOT_IN_CHINESE = (
    # Signs that deny are parts of other words too: 不锈钢, 无线, 无人机, 特别, 淹没.
    r"(?<![了差忍禁停对])不(?![锈仅只但光同分错过断少论管必用需妨愧凡久完]|一样|见得|(?<=好不)好)|无(?![线绳人论数限疑缝痕比忧需须锡])"
    r"|(?<![淹沉埋出吞湮辱])没(?!话说|的说)|勿"
    # As "do not" it begins a clause or stands behind whom it is said to.
    r"|(?:(?<![\u4e00-\u9fff])|(?<=[请你您就也可万要]))别(?![墅致名针人具样处国称])"
)
"""Denies what is behind it."""

# What a thing does not do to be praised for it.
_SAFE = (
    "rust|break|stain|slip|rub|bounce|roll|bend|bleed|smear|smudge|fade|leak|tear|scratch|crack|jam"
    "|clog|dry out|yellow|curl|peel|wrinkle|skip|tangle|tarnish|warp|chip|fall|damage|harm|feather"
    "|ghost|shatter|come off|tip over|go to waste|let you down|wobble|discolou?r"
)

_SPOILS = "fades?|wears?|sheds?|cracks?|rusts?|scratch(?:es)?|smears?|stains?|clogs?|chips|creases"
"""What it does that nobody wants, unless it does not."""

# What the people need, or "for all your writing needs", is none of the product.
_NEEDERS = "users you they who your ing office home school business reader"
_NEEDER = "".join(rf"(?<!{word} )" for word in _NEEDERS.split())
_SAFE_IN_CHINESE = "烫粘沾蹭上打加费漏掉褪起变伤刺卡占留滑晃累闷勒怕串积生开裂发反含添易脱溅洒摔破"

CAUTION = re.compile(
    r"\b(?:"
    + rf"(?<!not )(?<!n[’']t )(?<!never )(?<!no )(?:{_SPOILS})"
    # "Smear-proof" praises.
    + r"(?!-(?:proof|resistant|free))|"
    + _any(r"""
    not (?:for|in|on|after|suitable|recommended|included|dishwasher|waterproof|insulated|dimmable)
    not (?:compatible|intended|meant|designed|approved|safe|advisable)  incompatible  unsuitable
    unsafe  unfit  inappropriate
    not (?:airtight|an?)  (?:doesn[’']t|won[’']t)(?! (?:SAFE)\b)  isn[’']t
    never(?! (?:SAFE)s?\b)  cannot(?! (?:puncture|leak))
    (?:does|do|will|did|is|are|was) not(?! (?:SAFE|GOOD)\b)
    no (?:microwave|cover|hairdryers)  sold separately  costs? extra  too \w+ (?:for|to)  poor  weak
    grainy  loud  slow  bulk(?:y|ier)  heav(?:y|ier) (?:for|when|than|to)  is heavy  hard for
    tiring  shrinks? (?:a|by|about)  smells?
    tickle  rough  small for  runs (?:small|large|slightly)  half a size  sways
    creaks  springy  wants?
    NEEDERneeds?(?! (?:no|to (?:make|get|do)|in|and|at|of)\b|\s?[.,;:]|$)
    must  keep (?:it|away|out)  check(?![-\w])  careful  contains?
    may contain  traces? of  less \w+ than  short for  tastes  show through  sags  (?<!to )loses?
    dulls?  annoying  hot (?:for|in)  warm in  dries out  poisonous  soot
    rubs off  spots  bitter  bolts  clumps  only (?:if|when|for|after)  meant for
    (?:gets?|becomes?|runs?|feels?) (?:\w+ )?(?:warm|hot|sticky|slippery|noisy)
    nicht  kein\w{0,2}  nie  zu (?:warm|schwer|klein|groß|kurz|laut)  rostet  rutscht  mühsam
    ungeeignet  inkompatibel  unverträglich  untauglich  unpassend
    braucht  muss  vorsicht  achtung  wird heiß  langsamer  kleiner  streng  separat
    """)
    .replace("NEEDER", _NEEDER)
    .replace("GOOD", "swing|mind|smell|need|move|show|know")
    .replace("SAFE", _SAFE)
    + r")\b|"
    + _any("""
    没有(?!异味|毛刺|噪|缝|死角|残留|添加|甲醛)  (?<!不)[忌怕](?!惮)
    偏(?![光爱])  (?<![申邀宴聘])请  避免  务必  否则  会裂  生锈  发霉
    容易(?![清打安装上携收操使拆换学组入吸消理洗])  另[售购]  只能
    """)
    # What it does not do wrong is praise: 不漏水, 不掉色, 不伤手.
    + rf"|(?!不(?:会|易|容易|怕)?[{_SAFE_IN_CHINESE}])(?!没有|勿扰)(?:{NOT_IN_CHINESE})",
    re.IGNORECASE,
)
"""In the first clause of a sentence: it speaks against the product, or sets a condition."""

CARE = re.compile(
    "^(?:"
    + _any("""
    hand  wash  wipe  rinse  oil  keep  store (?:it|them|flat|in|far)  check  replace  trim  dust
    flush  change  sharpen  descale  empty  set  dry  clamp  roll  shake  carry  choose  leave
    measure  hang it  iron  soak  lay  wear  scoop  cover  clean  avoid  sow  wring  turn
    """)
    + r")\b(?!-)|\b(?:"
    + _any("""
    spülen  reinigen  waschen  einbrennen  kühlen  fetten  verwenden  aufgießen  stellen  vorheizen
    """)
    + r")\.$",
    re.IGNORECASE,
)
"""A sentence that tells the owner what to do: good to know, and no reason to buy."""

PRAISE = re.compile(
    r"\b(?:"
    + _any(r"""
    perfect  ideal  great  beautiful\w*  ultimate  fun  impressive  unique  attractive  stylish
    breeze  blast  companion  look and feel  variety of uses  smart option  great value  eye-popping
    sleek  easier than ever  ever  best  destiny  party  exceptional  convenient
    love  enjoy  professional  excellent  fantastic  elegant  premium  quality  perfekt\w*  ideal\w*
    wunderschön\w*  hochwertig\w*  einzigartig\w*
    versatile  modern  superb  superior  finest  must-have  top-notch  eye-catching  gorgeous
    lovely  actually  popular  sophisticated  exceptional comfort  with ease  efficiency  streamline
    powerful features  masterpiece  makes? a (?:major |bold )?statement  self-expression  evolve
    your thoughts  brighten\w*  thoughtful  necessary one  resource for
    cute  delightful  wonderful  brilliant(?! white)  inspir\w+  express yourself  joy  smart way
    simple is  touch of  stand out  one of a kind  worry-?free  hassle-?free  effortless\w*
    traumhaft\w*  herrlich\w*  stilvoll\w*  vielseitig\w*  zeitlos\w*  unverzichtbar\w*
    """)
    + r")\b|完美|优质|高品质|精美|独特|时尚|高档|高端|百搭|匠心|理想之选",
    re.IGNORECASE,
)
"""Words that every product is praised with."""
