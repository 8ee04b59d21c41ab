"""The templates: for each thing to be said one sentence per language.

Nothing here claims anything of a product; what is said of one comes from the checked reasons and
descriptions of the main path, or from the catalogue's fields.
"""

from __future__ import annotations

from llmrec.agent.language import Language

__all__ = ["TEXTS", "say"]

TEXTS: dict[str, dict[Language, str]] = {
    "hello": {
        "en": "Hello! Tell me what you are looking for, and what it must not be or cost.",
        "de": "Hallo! Sag mir, was du suchst, und was es nicht sein oder kosten darf.",
        "zh": "你好！告诉我你想找什么，有什么要求或预算。",
    },
    "smalltalk": {
        "en": "Happy to help. What are you looking for?",
        "de": "Gern. Was suchst du?",
        "zh": "很高兴为你服务。你想找什么？",
    },
    "beyond": {
        "en": "I am this shop's assistant, a program: I find its products, compare and explain "
        "them, and quote its documents. More I cannot do. What are you looking for?",
        "de": "Ich bin der Assistent dieses Ladens, ein Programm: Ich finde seine Produkte, "
        "vergleiche sie, erkläre sie und zitiere seine Dokumente. Mehr kann ich nicht. "
        "Was suchst du?",
        "zh": "我是这家店的助手，是一个程序：可以帮你找商品、比较和说明商品，"
        "并引用店里的文件。别的我做不了。你想找什么？",
    },
    "help": {
        "en": "Say what you look for, and what it must not be or cost. Then narrow it: “under 40”, "
        "“in blue”, “not Acme”, “cheaper”, “the second one in red”. Ask “why these?”, “compare 1 "
        "and 3”, “does it come in red?”. “Undo” takes the last step back, “start over” forgets "
        "the search.",
        "de": "Sag, was du suchst, und was es nicht sein oder kosten darf. Dann enger: „unter 40“, "
        "„in Blau“, „nicht Acme“, „billiger“, „das zweite in Rot“. Frag „warum die?“, „vergleiche "
        "1 und 3“, „gibt es das in Rot?“. „Rückgängig“ nimmt den letzten Schritt zurück, „von "
        "vorne“ beginnt neu.",
        "zh": "说出你想找的东西，再提要求：“40以下”“蓝色的”“不要这个牌子”“便宜一点”"
        "“像第二个一样的”。"
        "可以问“为什么推荐第一个”“比较第一个和第三个”“第二个搭配什么”。“撤销”退回一步，“重新开始”清空。",
    },
    "hostile": {
        "en": "I am sorry if that did not help. I can find, compare and explain products of this "
        "shop. What are you looking for?",
        "de": "Tut mir leid, wenn das nicht geholfen hat. Ich kann Produkte dieses Ladens finden, "
        "vergleichen und erklären. Was suchst du?",
        "zh": "如果没有帮到你，很抱歉。我可以帮你查找、比较和介绍本店的商品。你想找什么？",
    },
    "cannot_order": {
        "en": "I cannot look into orders, change them, or put you through to a person.",
        "de": "Bestellungen kann ich nicht einsehen oder ändern, und nicht zu Menschen verbinden.",
        "zh": "我不能查看或更改订单，也不能转接人工。",
    },
    "no_such_brand": {
        "en": "Nothing here is of the brand {text}; I look for the words.",
        "de": "Von der Marke {text} gibt es hier nichts; ich suche nach den Worten.",
        "zh": "本店没有{text}这个品牌，我按字面查找。",
    },
    "not_here": {
        "en": "I find no {text} in brands, titles and fields, and so cannot leave it out.",
        "de": "{text} finde ich in Marken, Titeln und Feldern nicht und kann es deshalb nicht "
        "ausschließen.",
        "zh": "品牌、名称和字段里没有找到{text}，因此无法排除。",
    },
    "no_such_thing": {
        "en": "Nothing here is called “{text}”. What comes nearest:",
        "de": "Unter „{text}“ finde ich nichts; vielleicht heißt es hier anders. Das Nächste:",
        "zh": "没有找到叫“{text}”的商品，也许本店用别的名称。最接近的是：",
    },
    "no_such_fit": {
        "en": "Nothing that fits all of that is called “{text}”. What comes nearest:",
        "de": "Unter „{text}“ finde ich nichts, was zu allem passt. Das Nächste:",
        "zh": "没有符合全部条件、又叫“{text}”的商品。最接近的是：",
    },
    "no_such_thing_at_all": {
        "en": "Nothing here is called “{text}”, and nothing comes near it.",
        "de": "Unter „{text}“ finde ich nichts, auch nichts Ähnliches; vielleicht heißt es hier "
        "anders.",
        "zh": "没有找到叫“{text}”的商品，也没有相近的，也许本店用别的名称。",
    },
    "no_such_fit_at_all": {
        "en": "Nothing that fits all of that is called “{text}”, and nothing comes near it.",
        "de": "Unter „{text}“ finde ich nichts, was zu allem passt, auch nichts Ähnliches.",
        "zh": "没有符合全部条件、又叫“{text}”的商品，也没有相近的。",
    },
    "offer_cart": {
        "en": "If you want {title}, say “/cart {number}”.",
        "de": "Wenn du {title} möchtest, sag „/cart {number}“.",
        "zh": "如果要“{title}”，请输入“/cart {number}”。",
    },
    "left_out_known": {
        "en": "Left out, since you know it already: {titles}.",
        "de": "Nicht dabei, weil du es schon kennst: {titles}.",
        "zh": "你已经看过或买过的没有列出：{titles}。",
    },
    "ask_limit": {
        "en": "Is {text} the most it may cost, or the least? Say “at most {text}” or “at least "
        "{text}”.",
        "de": "Ist {text} das Höchste, was es kosten darf, oder das Mindeste? Sag „höchstens "
        "{text}“ oder „mindestens {text}“.",
        "zh": "{text} 是最高价还是最低价？请说“不超过{text}”或“至少{text}”。",
    },
    "ask_wanted": {
        "en": "Do you want “{text}”, or is it what you do not want?",
        "de": "Möchtest du „{text}“, oder gerade das nicht?",
        "zh": "“{text}”是你想要的，还是不想要的？",
    },
    "ask_gift": {
        "en": "What do they like, and how much may it cost?",
        "de": "Was mag die Person, und was darf es kosten?",
        "zh": "对方喜欢什么？预算是多少？",
    },
    "would_take": {
        "en": "Of these, {title} comes first by what you asked for.",
        "de": "Von diesen passt {title} am besten zu deinen Wünschen.",
        "zh": "按你的要求，其中“{title}”排在最前。",
    },
    "what_for": {
        "en": "What are you looking for?",
        "de": "Was suchst du?",
        "zh": "你想找什么？",
    },
    "found": {
        "en": "Here is what I can offer:",
        "de": "Das kann ich anbieten:",
        "zh": "为你找到这些：",
    },
    "found_for": {
        "en": "Found for “{query}”:",
        "de": "Gefunden zu „{query}“:",
        "zh": "“{query}”的结果：",
    },
    "similar": {
        "en": "Much like {title}:",
        "de": "Ähnlich wie {title}:",
        "zh": "和“{title}”相近的：",
    },
    "together": {
        "en": "Other shoppers chose these together with {title}:",
        "de": "Andere haben das zusammen mit {title} gewählt:",
        "zh": "其他顾客和“{title}”一起选的：",
    },
    "none_together": {
        "en": "Nothing is known to be bought together with {title}.",
        "de": "Es ist nichts bekannt, was zusammen mit {title} gekauft wird.",
        "zh": "没有和“{title}”一起购买的记录。",
    },
    "none_similar": {
        "en": "Nothing else is much like {title}.",
        "de": "Nichts anderes ist {title} ähnlich.",
        "zh": "没有和“{title}”相近的商品。",
    },
    "fewer": {
        "en": "Only {count} fit all limits.",
        "de": "Nur {count} passen zu allen Grenzen.",
        "zh": "只有 {count} 件符合所有条件。",
    },
    "fewer_answer": {
        "en": "I have found no more than {count} for it.",
        "de": "Mehr als {count} habe ich dazu nicht gefunden.",
        "zh": "找到的就是这 {count} 件。",
    },
    "no_more": {
        "en": "That was all that I find for it.",
        "de": "Mehr finde ich dazu nicht.",
        "zh": "能找到的都在这里了。",
    },
    "nothing": {
        "en": "Nothing fits all of it: {filters}.",
        "de": "Nichts erfüllt das alles: {filters}.",
        "zh": "没有商品同时符合：{filters}。",
    },
    "nothing_for": {
        "en": "I find nothing about “{query}” within all of it: {filters}.",
        "de": "Ich finde nichts zu „{query}“ innerhalb von alledem: {filters}.",
        "zh": "没有找到“{query}”同时符合：{filters}。",
    },
    "try_dropping": {
        "en": "Without “{limit}” there would be {count}; say “{words}”.",
        "de": "Ohne „{limit}“ wären es {count}; sag „{words}“.",
        "zh": "去掉“{limit}”有 {count} 件，可以说“{words}”。",
    },
    "try_dropping_for": {
        "en": "Without “{limit}” there would be {example}; say “{words}”.",
        "de": "Ohne „{limit}“ gäbe es {example}; sag „{words}“.",
        "zh": "去掉“{limit}”有{example}，可以说“{words}”。",
    },
    "try_dropping_such": {
        "en": "Without “{limit}” there would be {count}, such as {example}; say “{words}”.",
        "de": "Ohne „{limit}“ wären es {count}, etwa {example}; sag „{words}“.",
        "zh": "去掉“{limit}”有 {count} 件，比如{example}；可以说“{words}”。",
    },
    "drop_all": {
        "en": "No single one is to blame; say “{words}” for {count} products.",
        "de": "An keinem allein liegt es; „{words}“ ergibt {count} Produkte.",
        "zh": "去掉任何一条都不够；说“{words}”有 {count} 件。",
    },
    "empty_shop": {
        "en": "There is nothing left that I could show you.",
        "de": "Es gibt nichts mehr, was ich zeigen könnte.",
        "zh": "没有可以展示的商品了。",
    },
    "now": {"en": "Now: {filters}.", "de": "Jetzt gilt: {filters}.", "zh": "当前条件：{filters}。"},
    "no_filters": {
        "en": "No limits hold.",
        "de": "Es gelten keine Grenzen.",
        "zh": "目前没有任何条件。",
    },
    "replaced": {
        "en": "That takes the place of: {filters}.",
        "de": "Das ersetzt: {filters}.",
        "zh": "已替换：{filters}。",
    },
    "unanswered": {
        "en": "To “{text}” I find no answer.",
        "de": "Auf „{text}“ finde ich keine Antwort.",
        "zh": "关于“{text}”，我没有找到答案。",
    },
    "dropped": {
        "en": "No longer asked for: {filters}.",
        "de": "Nicht mehr verlangt: {filters}.",
        "zh": "已取消：{filters}。",
    },
    "open": {
        "en": "It need not be “{text}”, which was not asked for anyway.",
        "de": "„{text}“ muss nicht sein; verlangt war es ohnehin nicht.",
        "zh": "不必是“{text}”：本来就没有这个要求。",
    },
    "open_now": {
        "en": "It need no longer be “{text}”.",
        "de": "„{text}“ muss nicht mehr sein.",
        "zh": "不再要求“{text}”。",
    },
    "nothing_to_drop": {
        "en": "That is open already: nothing of the kind was asked for.",
        "de": "Das ist schon offen: Verlangt war nichts dergleichen.",
        "zh": "这一点本来就没有限制。",
    },
    "currency": {
        "en": "The shop prices in {text}, so I take it as {text}.",
        "de": "Der Laden rechnet in {text}; ich nehme es als {text}.",
        "zh": "本店以 {text} 标价，我按 {text} 理解。",
    },
    "which_one": {
        "en": "Which of them do you mean? Say its number.",
        "de": "Welches davon meinst du? Sag die Nummer.",
        "zh": "你指的是哪一个？请说编号。",
    },
    "no_such_number": {
        "en": "Nothing numbered {text} is shown.",
        "de": "Eine Nummer {text} ist nicht zu sehen.",
        "zh": "没有编号为 {text} 的商品。",
    },
    "nothing_shown": {
        "en": "Nothing is shown yet that this could mean.",
        "de": "Es ist noch nichts zu sehen, was gemeint sein könnte.",
        "zh": "还没有展示任何商品。",
    },
    "no_price": {
        "en": "The catalogue has no price for that, so I cannot compare.",
        "de": "Dafür nennt der Katalog keinen Preis; ich kann nicht vergleichen.",
        "zh": "目录里没有它的价格，无法比较。",
    },
    "started_over": {
        "en": "Starting over: no limits hold.",
        "de": "Von vorne: Es gelten keine Grenzen.",
        "zh": "重新开始，所有条件已清空。",
    },
    "taste_aside": {
        "en": "This is for somebody else, so your own history does not count.",
        "de": "Das ist für jemand anderen, deshalb zählt dein eigener Verlauf nicht.",
        "zh": "这是送给别人的，所以不参考你自己的购买记录。",
    },
    "taste_back": {
        "en": "Your own history counts again.",
        "de": "Dein eigener Verlauf zählt wieder.",
        "zh": "重新参考你自己的购买记录。",
    },
    "undone": {"en": "Taken back.", "de": "Zurückgenommen.", "zh": "已撤销。"},
    "nothing_to_undo": {
        "en": "There is nothing to take back.",
        "de": "Es gibt nichts zurückzunehmen.",
        "zh": "没有可以撤销的操作。",
    },
    "liked": {
        "en": "Noted: you like {title}.",
        "de": "Gemerkt: {title} gefällt dir.",
        "zh": "记下了：你喜欢“{title}”。",
    },
    "carted": {
        "en": "Noted: {title} is in the cart.",
        "de": "Gemerkt: {title} ist im Warenkorb.",
        "zh": "记下了：“{title}”已加入购物车。",
    },
    "unwanted": {
        "en": "I will not show {title} again.",
        "de": "{title} zeige ich nicht mehr.",
        "zh": "不再推荐“{title}”。",
    },
    "two_to_compare": {
        "en": "Name two or more products to compare: “compare 1 and 2”.",
        "de": "Nenne zwei oder mehr Produkte: „vergleiche 1 und 2“.",
        "zh": "请说出要比较的两件或更多商品，例如“比较1和2”。",
    },
    "compared": {
        "en": "They differ in:",
        "de": "Sie unterscheiden sich in:",
        "zh": "它们的不同之处：",
    },
    "compared_same": {
        "en": "The catalogue says the same of them.",
        "de": "Der Katalog sagt von ihnen dasselbe.",
        "zh": "目录里它们的信息相同。",
    },
    "why": {"en": "{title}: {reason}", "de": "{title}: {reason}", "zh": "{title}：{reason}"},
    "why_near": {
        "en": "{title} is near to what you look for; the shop's text says no more about that.",
        "de": "{title} ist nahe an dem, was du suchst; mehr sagt der Text des Shops dazu nicht.",
        "zh": "{title} 和你要找的比较接近；店铺的介绍没有更多相关说明。",
    },
    "why_shown": {
        "en": "{title} is among them, as number {number}. {reason}",
        "de": "{title} ist dabei, als Nummer {number}. {reason}",
        "zh": "“{title}”就在其中，是第 {number} 个。{reason}",
    },
    "why_passed": {
        "en": "{title} was shown before, so it made room for others. {reason}",
        "de": "{title} war schon zu sehen und hat anderen Platz gemacht. {reason}",
        "zh": "“{title}”之前已经展示过，所以换成了别的。{reason}",
    },
    "which_named": {
        "en": "Several here are called “{text}”: {titles}. Which one do you mean?",
        "de": "Hier heißen mehrere „{text}“: {titles}. Welches meinst du?",
        "zh": "这里有多件商品叫“{text}”：{titles}。你指的是哪一件？",
    },
    "which_of_many": {
        "en": "{count} here are called “{text}”, such as {titles}. Which one do you mean?",
        "de": "Hier heißen {count} so („{text}“), etwa {titles}. Welches meinst du?",
        "zh": "这里有 {count} 件商品叫“{text}”，例如{titles}。你指的是哪一件？",
    },
    "none_named": {
        "en": "The shop has nothing that is called “{text}”.",
        "de": "Der Laden hat nichts, was „{text}“ heißt.",
        "zh": "本店没有叫“{text}”的商品。",
    },
    "why_lower": {
        "en": "{title} fits, but stands at place {rank}, behind what is shown. {reason}",
        "de": "{title} passt, steht aber auf Platz {rank}, hinter dem Gezeigten. {reason}",
        "zh": "{title} 符合要求，但排在第 {rank} 位，在已展示的之后。{reason}",
    },
    "why_unlike": {
        "en": "{title} is within all limits, but it is not what “{query}” means. {reason}",
        "de": "{title} hält alle Grenzen ein, ist aber nicht das, was „{query}“ meint. {reason}",
        "zh": "{title} 符合所有条件，但不是“{query}”要找的。{reason}",
    },
    "why_lower_for": {
        "en": "{title} is within all limits, but stands at place {rank} for “{query}”, behind what "
        "is shown. {reason}",
        "de": "{title} hält alle Grenzen ein, steht zu „{query}“ aber auf Platz {rank}, hinter dem "
        "Gezeigten. {reason}",
        "zh": "{title} 符合所有条件，但在“{query}”的结果里排在第 {rank} 位，排在已展示的之后。"
        "{reason}",
    },
    "why_far": {
        "en": "{title} fits, but is far behind what is shown. {reason}",
        "de": "{title} passt, steht aber weit hinter dem Gezeigten. {reason}",
        "zh": "{title} 符合要求，但排得很靠后。{reason}",
    },
    "excluded": {
        "en": "{title} is kept away by: {why}.",
        "de": "{title} ist ausgeschlossen durch: {why}.",
        "zh": "{title} 被以下条件排除：{why}。",
    },
    "excluded_liked_not": {
        "en": "you did not want it",
        "de": "du wolltest es nicht",
        "zh": "你不想要它",
    },
    "excluded_had": {
        "en": "you have had or seen it already",
        "de": "du hattest oder kanntest es schon",
        "zh": "你已经看过或买过它",
    },
    "excluded_sold_out": {
        "en": "it is sold out",
        "de": "es ist ausverkauft",
        "zh": "它已售完",
    },
    "excluded_bought": {
        "en": "you have bought it already",
        "de": "du hast es schon gekauft",
        "zh": "你已经买过它",
    },
    "excluded_in_cart": {
        "en": "it is in your cart already",
        "de": "es liegt schon in deinem Warenkorb",
        "zh": "它已在你的购物车里",
    },
    "excluded_rated": {
        "en": "you have rated it already",
        "de": "du hast es schon bewertet",
        "zh": "你已经给它打过分",
    },
    "excluded_liked": {
        "en": "you know it and like it already",
        "de": "du kennst und magst es schon",
        "zh": "你已经喜欢过它",
    },
    "excluded_viewed": {
        "en": "you have looked at it already",
        "de": "du hast es schon angesehen",
        "zh": "你已经看过它",
    },
    "has_not": {
        "en": "{limit} (it says: {has})",
        "de": "{limit} (dort steht: {has})",
        "zh": "{limit}（它是：{has}）",
    },
    "not_said": {
        "en": "I find no plain answer to that for {title}. The catalogue says: {fields}.",
        "de": "Eine klare Antwort darauf finde ich bei {title} nicht. Im Katalog steht: {fields}.",
        "zh": "关于“{title}”，没有找到直接的答案。目录里写着：{fields}。",
    },
    "nothing_said": {
        "en": "I find no answer to that for {title}.",
        "de": "Dazu finde ich bei {title} nichts.",
        "zh": "关于“{title}”没有找到这一点。",
    },
    "in_stock": {
        "en": "{title} is in stock.",
        "de": "{title} ist auf Lager.",
        "zh": "“{title}”有货。",
    },
    "sold_out": {
        "en": "{title} is sold out.",
        "de": "{title} ist ausverkauft.",
        "zh": "“{title}”已售完。",
    },
    "shop_silent": {
        "en": "I find nothing on that in the shop's documents.",
        "de": "Dazu finde ich in den Unterlagen des Ladens nichts.",
        "zh": "在店铺的说明里没有找到这一点。",
    },
    "source": {"en": "(Source: {source})", "de": "(Quelle: {source})", "zh": "（来源：{source}）"},
    "sorry": {"en": "Sorry: {text}", "de": "Das ging nicht: {text}", "zh": "抱歉：{text}"},
    "deleted_elsewhere": {
        "en": "This conversation was deleted elsewhere; a new one begins.",
        "de": "Dieses Gespräch wurde anderswo gelöscht; ein neues beginnt.",
        "zh": "这个对话已在别处被删除，现在开始一个新的对话。",
    },
    "profile_none": {
        "en": "I know nothing of you yet.",
        "de": "Ich weiß noch nichts von dir.",
        "zh": "我还不了解你。",
    },
}


def say(key: str, language: Language, **values: object) -> str:
    """A sentence in a language.

    >>> say("no_such_number", "en", text="7")
    'Nothing numbered 7 is shown.'
    """
    return TEXTS[key][language].format(**values)
