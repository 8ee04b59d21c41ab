"""Words that claim something: one concept a line, its synonyms in English, German and Chinese.

A sentence that uses a concept is supported when any synonym of it stands in the item's fields:
"waterproof" is fine for a product described as "wasserdicht". Product nouns stand one a concept, so
that a kettle is not called a jacket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["FAMOUS_BRANDS", "SAFE_WORDS", "Concept", "concepts"]


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that can be claimed, and all ways to say it."""

    kind: str
    terms: tuple[str, ...]


_SALES = """
best-selling, best selling, bestselling, best-seller,\
 bestseller, meistverkauft, verkaufsschlager, 热销, 畅销, 爆款
award-winning, award winning, prize-winning, preisgekrönt, ausgezeichnet mit, testsieger, 获奖
free shipping, ships free, free delivery,\
 kostenloser versand, versandkostenfrei, gratisversand, 包邮, 免运费, 免费送货
fast shipping, next-day delivery, same-day delivery, schnelle lieferung, 次日达
discount, discounted, on sale, special offer, half price,\
 rabatt, reduziert, im angebot, 打折, 特价, 优惠, 折扣
limited edition, limitierte auflage, limitiert, 限量, 限定版
guarantee, guaranteed, money-back, warranty,\
 garantie, garantiert, geld-zurück, 保修, 质保, 保证, 退款
free return, free returns, kostenlose rückgabe, 免费退货
customers love, loved by customers, customer favourite, customer favorite,\
 highly rated, top-rated, five-star, 5-star, kundenliebling, 好评, 顾客最爱
popular, trending, beliebt, 流行, 受欢迎, 热门
exclusive, exklusiv, 独家
luxury, luxurious, premium, high-end, high-quality, top-quality,\
 luxuriös, luxus, hochwertig, 奢华, 高端
clinically proven, clinically tested, dermatologist, doctor recommended,\
 klinisch getestet, dermatologisch, 临床验证, 皮肤科
patented, patentiert, 专利
certified, zertifiziert, 认证
number one, no. 1, nummer eins, 第一名, 销量第一
"""

_PROPERTY = """
organic, bio-qualität, aus biologischem anbau, kbA, ökologisch, 有机
vegan, plant-based, 纯素
cruelty-free, cruelty free, tierversuchsfrei, 零残忍
eco-friendly, environmentally friendly, sustainable, umweltfreundlich, nachhaltig, 环保
biodegradable, compostable, biologisch abbaubar, kompostierbar, 可降解
recycled, recycelt, 再生
recyclable, recycelbar, 可回收
handmade, hand-made, handcrafted, handgemacht, handgefertigt, 手工
waterproof, watertight, wasserdicht, 防水
water-resistant, water-repellent, water resistant, showerproof, wasserabweisend, 防泼水
windproof, winddicht, 防风
breathable, atmungsaktiv, 透气
lightweight, light, leicht, 轻便, 轻盈, 轻量
durable, sturdy, robust, hard-wearing, long-lasting,\
 strapazierfähig, langlebig, stabil, 耐用, 结实
dishwasher-safe, dishwasher safe, dishwasher,\
 spülmaschinenfest, spülmaschinengeeignet, spülmaschine, 洗碗机
machine-washable, machine washable, machine wash, maschinenwaschbar, waschmaschine, 机洗
microwave-safe, microwave, mikrowellengeeignet, mikrowelle, 微波炉
oven-safe, ovenproof, oven, ofenfest, backofen, 烤箱
non-stick, nonstick, antihaftbeschichtet, antihaft, 不粘
cordless, wireless, kabellos, drahtlos, schnurlos, 无线
rechargeable, wiederaufladbar, akku, 可充电
foldable, folding, collapsible, folds, faltbar, klappbar, zusammenklappbar, 折叠
adjustable, verstellbar, einstellbar, 可调
portable, tragbar, 便携
insulated, vacuum-insulated, isoliert, isolierkanne, isolierflasche, 保温, 隔热
hypoallergenic, hypoallergen, 低敏, 防过敏
fragrance-free, fragrance free, unscented, parfümfrei, duftfrei, 无香
gluten-free, gluten free, glutenfrei, 无麸质
sugar-free, sugar free, zuckerfrei, 无糖
caffeine-free, decaf, decaffeinated, koffeinfrei, entkoffeiniert, 无咖啡因, 脱因
non-toxic, bpa-free, bpa free, schadstofffrei, bpa-frei, 无毒, 不含bpa
natural, natürlich, 天然
antibacterial, antimicrobial, antibakteriell, 抗菌
soft, weich, 柔软
gentle, mild, sanft, schonend, 温和
warm, wärmend, warmhaltend, 保暖, 温暖
quiet, silent, noiseless, leise, geräuscharm, 静音
leakproof, leak-proof, auslaufsicher, 防漏
stain-resistant, fleckabweisend, 防污
scratch-resistant, kratzfest, 防刮
shockproof, stoßfest, 防震
fireproof, fire-resistant, feuerfest, 防火
heat-resistant, heatproof, hitzebeständig, 耐热, 耐高温
rustproof, rust-free, stainless, rostfrei, edelstahl, 不锈
solar, solar-powered, solarbetrieben, 太阳能
usb-c, usb c, type-c
bluetooth, 蓝牙
smart, wi-fi, wifi, app-controlled, 智能
spicy, scharf, 辣
sweet, süß, 甜
crispy, knusprig, 酥脆
reusable, wiederverwendbar, 可重复使用
quick-drying, quick-dry, quick to dry, schnelltrocknend, schnell trocknend, 速干
stretchy, elastic, dehnbar, elastisch, 弹性, 弹力
padded, gepolstert, 加厚衬垫
lockable, abschließbar, 可上锁
thick, 厚
thin, slim, dünn, schmal, 薄
compact, kompakt, 小巧, 紧凑
antique, vintage, retro, antik, 复古
new, brand-new, neu, 全新, 新款
"""

_MATERIAL = """
leather, leder, 皮革, 真皮
cotton, baumwolle, 棉
merino, merinowolle, 美利奴
wool, woollen, woolen, wolle, merino, merinowolle, 羊毛
silk, seide, 丝绸, 真丝
linen, leinen, 亚麻
goose down, down filling, daune, daunen, 羽绒
polyester, 聚酯, 涤纶
nylon, polyamide, polyamid, 尼龙
fleece, 抓绒
felt, filz, 毛毡
bamboo, bambus, 竹
wood, wooden, holz, hölzern, 木
oak, eiche, eichenholz, 橡木
beech, buche, buchenholz, 榉木
walnut, nussbaum, walnuss, 胡桃
cedar, zeder, zedernholz, 雪松
steel, stainless steel, stahl, edelstahl, 不锈钢, 钢
iron, cast iron, eisen, gusseisen, 铁, 铸铁
aluminium, aluminum, 铝
copper, kupfer, 铜
brass, messing, 黄铜
titanium, titan, 钛
gold, golden, gold-plated, vergoldet, 金色, 镀金
silver, silber, silbern, 银
glass, borosilicate glass, glas, 玻璃
crystal, kristall, 水晶
ceramic, ceramics, stoneware, porcelain, keramik, steingut, steinzeug, porzellan, 陶瓷, 瓷
plastic, plastik, kunststoff, polypropylene, 塑料
silicone, silikon, 硅胶
rubber, latex, gummi, 橡胶, 乳胶
paper, papier, 纸
cardboard, karton, 纸板
cork, kork, 软木
marble, marmor, 大理石
granite, granit, 花岗岩
stone, stein, 石
concrete, beton, 水泥
velvet, 天鹅绒
denim, jeans, 牛仔
"""

_COLOUR = """
red, crimson, scarlet, rot, 红
blue, navy, cobalt, blau, 蓝
green, olive, grün, oliv, 绿
yellow, mustard, gelb, senfgelb, 黄
orange, 橙, 橘
purple, violet, lilac, lila, violett, 紫
pink, rosa, 粉
brown, chestnut, braun, 棕, 褐
black, schwarz, 黑
white, chalk, weiß, 白
grey, gray, graphite, grau, graphit, anthrazit, 灰
beige, oat, creme, 米色, 米白
turquoise, teal, türkis, 青绿
transparent, see-through, durchsichtig, 透明
"""

_PRODUCT = """
shirt, t-shirt, hemd, 衬衫
dress, kleid, 连衣裙
jacket, parka, anorak, jacke, 夹克
coat, mantel, 外套, 大衣
trousers, pants, 裤
skirt, 裙
shoe, sneaker, schuh, schuhe, 鞋
boot, stiefel, 靴
sock, socke, socken, 袜
glove, mitten, handschuh, handschuhe, 手套
hats, cap, beanie, mütze, 帽
scarf, schal, 围巾
belt, gürtel, 腰带
bag, backpack, rucksack, tasche, 背包, 手提包, 挎包
suitcase, koffer, 行李箱
wristwatch, armbanduhr, 手表
ring, necklace, bracelet, earring, halskette, armband, ohrring, 戒指, 项链, 手链
tent, zelt, 帐篷
sleeping bag, schlafsack, 睡袋
kettle, wasserkocher, 水壶, 烧水壶
teapot, teekanne, 茶壶
mug, cup, becher, tasse, 杯
plate, teller, 盘
bowl, schüssel, schale, 碗
knife, messer, 刀
fork, gabel, 叉
spoon, löffel, 勺
pan, frying pan, skillet, pfanne, 煎锅, 炒锅, 锅
pot, saucepan, topf, 锅
blender, mixer, 搅拌机
toaster, 烤面包机
grinder, mühle, 磨豆机, 研磨
coffee, kaffee, 咖啡
tea, tee, 茶
chocolate, cocoa, schokolade, kakao, 巧克力
bread, brot, 面包
pasta, noodle, noodles, nudel, nudeln, 面条, 意面
rice, reis, 米
wine, wein, 葡萄酒
beer, bier, 啤酒
lamp, light bulb, lantern, lampe, leuchte, laterne, 灯
candle, kerze, 蜡烛
chair, stool, stuhl, hocker, 椅, 凳
table, desk, tisch, schreibtisch, 桌
sofa, couch, 沙发
shelf, regal, 架
bed, bett, 床
mattress, matratze, 床垫
pillow, cushion, kissen, 枕, 靠垫
blanket, duvet, decke, 毯, 被子
towel, handtuch, 毛巾
curtain, vorhang, 窗帘
rug, carpet, teppich, 地毯
vase, 花瓶
mirror, spiegel, 镜
soap, seife, 肥皂, 香皂
shampoo, haarshampoo, 洗发
conditioner, haarspülung, 护发素
lotion, moisturizer, moisturiser, körperlotion, 乳液, 润肤
perfume, cologne, parfüm, 香水
lipstick, lippenstift, 口红
mascara, wimperntusche, 睫毛膏
nail polish, nail lacquer, nagellack, 指甲油
sunscreen, sonnencreme, 防晒
toothbrush, zahnbürste, 牙刷
razor, rasierer, 剃须
hairdryer, hair dryer, haartrockner, 吹风机
toy, spielzeug, 玩具
doll, puppe, 娃娃
puzzle, 拼图
book, buch, 书
notebook, notizbuch, 笔记本
pen, kugelschreiber, 笔
pencil, bleistift, 铅笔
headphones, earbuds, kopfhörer, 耳机
keyboard, tastatur, 键盘
phone, smartphone, 手机
camera, kamera, 相机
speaker, lautsprecher, 音箱
charger, ladegerät, 充电器
bicycle, bike, fahrrad, 自行车
helmet, helm, 头盔
hammer, 锤
drill, bohrer, bohrmaschine, 电钻
handsaw, säge, 锯
screwdriver, schraubendreher, 螺丝刀
seed, seeds, samen, saatgut, 种子
plant, pflanze, 植物
collar, leash, halsband, leine, 项圈, 牵引绳
dog, hund, 狗, 犬
cat, katze, 猫
"""

_SUPERLATIVE = """
best|cheapest|finest|greatest|lightest|softest|strongest|fastest|largest|smallest|biggest|highest|lowest
warmest|quietest|thinnest|newest|latest|safest|easiest|toughest|sharpest|brightest|ultimate|unbeatable
unique|world-class|revolutionary|magical|miracle|einzigartig|unschlagbar|wunder
beste|besten|bester|bestes|bestem|günstigste|günstigsten|leichteste|leichtesten|stärkste|stärksten
schönste|schönsten|neueste|neuesten|最好|最佳|最便宜|最轻|最新|最强|最高|顶级|独一无二
"""

_FAMOUS = """
adidas amazon apple aldi armani asus bosch canon casio chanel colgate dell dior disney
dyson epson fendi ferrari garmin gillette gopro gucci hasbro huawei ikea intel kodak lacoste
lego lenovo loreal l'oréal maybelline mattel microsoft miele motorola nescafé nespresso nestlé
nike nikon nintendo nivea nokia panasonic patagonia philips playmobil prada puma reebok rolex
samsung sanyo siemens sony starbucks tchibo tefal tesla toshiba vichy walmart xiaomi zara
小米 华为 苹果 耐克 阿迪达斯 三星 索尼 宜家
"""

FAMOUS_BRANDS = frozenset(_FAMOUS.split())
"""Names that a language model likes to add; harmless where the item's fields name them."""

_SAFE = """
about add adds after again all already also another anyone anything around because been before
being best better both bought brings cart chance choice come comes could does done each easy
else enjoy even every everyday everyone feel find fine fits from gets give gives goes going good
great have having help helps here home into item items just keep keeps kind know lets like liked
likes lots love made make makes making many match matches mean means might more most much need
needs next nice once only other over pair part people person place product products purpose
ready really recommended same shop since some someone something still such suit suitable suits
sure take takes than that their them then there these they thing things this those time together
tried uses used useful user using very want wants well were what when where which while will with
without work works would your yours yourself rated viewed asked looked mentioned choose chosen
type kind piece pieces set occasion occasions day days anyone's option way ways
"""

SAFE_WORDS = frozenset(_SAFE.split())
"""English words that say nothing about a product."""


@lru_cache(maxsize=1)
def concepts() -> tuple[Concept, ...]:
    """All concepts of the fixed list."""
    tables: Mapping[str, str] = {
        "claim": _SALES,
        "attribute": _PROPERTY,
        "material": _MATERIAL,
        "colour": _COLOUR,
        "product": _PRODUCT,
    }
    listed = [
        Concept(kind, tuple(term.strip().casefold() for term in line.split(",") if term.strip()))
        for kind, table in tables.items()
        for line in table.strip().splitlines()
    ]
    single = [
        Concept("superlative", (term.strip().casefold(),))
        for line in _SUPERLATIVE.strip().splitlines()
        for term in line.split("|")
    ]
    return (*listed, *single)
