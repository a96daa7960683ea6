"""The specification: what customers say, and what they hear. Run against every answerer, in both languages.

`hears`: each of these stands in the text or on a card. `cites`: ids of sources, all of them. `offers`: ids of buttons,
among others. `never`: none of these stands anywhere. `simple_only`: holds for the answers without a model.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    says: str = ""
    hears: tuple[str, ...] = ()
    presses: str = ""
    cites: tuple[str, ...] | None = None
    offers: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    status: str = ""
    simple_only: bool = False


@dataclass(frozen=True)
class Dialogue:
    name: str
    lines: tuple[Line, ...]
    customer: str = ""  # signed in as
    locale: str = ""


ADA, LIN = "c-ada-holm", "c-lin-xiaoman"
ADAS_ORDER, ADAS_TRACKING = "OT-20481931", "OL757057600X"

DIALOGUES = (
    Dialogue(
        "a question is answered from the FAQ, with its source",
        (
            Line("How long does delivery take?", ("3 to 5 working days",), cites=("faq:delivery-time:en",)),
            Line("Which payment methods do you accept?", ("PayPigeon",), cites=("faq:payment-methods:en",)),
        ),
    ),
    Dialogue(
        "常见问题用中文回答，并注明出处",
        (
            Line("多久能送到？", ("3 至 5",), cites=("faq:delivery-time:zh",)),
            Line("运费是多少？", ("$5.90",), cites=("faq:shipping-cost:zh",)),
        ),
    ),
    Dialogue(
        "short questions in everyday words find their entry",
        (
            Line("can i use two gift cards", cites=("faq:gift-card-combine:en",), simple_only=True),
            Line("phone number?", ("555 0142",), cites=("faq:talk-to-human:en",), simple_only=True),
            Line(
                "I need a bigger one",
                cites=("faq:how-to-exchange:en",),
                offers=("do:exchange_items",),
                simple_only=True,
            ),
            Line("I was charged twice", cites=("faq:when-charged:en",), simple_only=True),
            Line("dishwasher safe", cites=("faq:washing-care:en",), simple_only=True),
            Line("I ordered the wrong size", cites=("faq:change-order-items:en",), simple_only=True),
            Line("do you sell tents", ("Tent", "$"), simple_only=True),
            Line("is it late?", ("order number",), cites=(), simple_only=True),
        ),
    ),
    Dialogue(
        "短短的日常问法也能找到答案",
        (
            Line("能开发票吗", cites=("faq:get-invoice:zh",), simple_only=True),
            Line("发什么快递", cites=("faq:dispatch-time:zh",), simple_only=True),
            Line("能用两张礼品卡吗", cites=("faq:gift-card-combine:zh",), simple_only=True),
            Line("被扣了两次款", cites=("faq:when-charged:zh",), simple_only=True),
            Line("我买错尺码了", cites=("faq:change-order-items:zh",), simple_only=True),
            Line("你们卖帐篷吗", ("双獭双人帐", "US$"), simple_only=True),
        ),
    ),
    Dialogue(
        "between two entries that are equally likely the customer chooses",
        (
            Line(
                "gift card",
                cites=(),
                offers=("ask:faq:redeem-gift-card:en", "ask:faq:gift-card-amounts:en", "human"),
                simple_only=True,
            ),
            Line(presses="ask:faq:gift-card-amounts:en", cites=("faq:gift-card-amounts:en",)),
        ),
    ),
    Dialogue(
        "the language follows the customer, message by message, and short words do not change it",
        (
            Line("多久能送到？", ("工作日",)),
            Line("ok", never=("You", "Hello"), simple_only=True),
            Line("How long does delivery take?", ("working days",)),
            Line("你好", ("您好",)),
        ),
    ),
    Dialogue(
        "a guest who asks for an order proves it first, step by step",
        (
            Line("Where is my order?", ("order number",), never=(ADAS_TRACKING,), simple_only=True),
            Line(ADAS_ORDER, ("e-mail", "postcode"), never=(ADAS_TRACKING,)),
            Line("ada.holm@example.com", (ADAS_ORDER, ADAS_TRACKING), cites=()),
        ),
    ),
    Dialogue(
        "游客查订单要先核实",
        (
            Line("我的订单在哪里？", ("订单号",), never=("运单号",), simple_only=True),
            Line("我的订单 OT-20578850 到哪了", ("邮箱", "邮编"), never=("运单号",)),
            Line("lin.xiaoman@example.com", ("OT-20578850",)),
        ),
    ),
    Dialogue(
        "a postcode is read in a sentence, and a wrong one can be mended without telling the order number again",
        (
            Line("OT-21153083", ("postcode",)),
            Line("my postcode is 5004", ("match",), never=("Total",), simple_only=True),
            Line("sorry, my postcode is 5003", ("OT-21153083", "Total"), simple_only=True),
        ),
    ),
    Dialogue(
        "中文里夹着的邮编也认得",
        (Line("订单OT-20578850到哪了", ("邮编",)), Line("邮编是310024", ("OT-20578850", "运单号"), simple_only=True)),
    ),
    Dialogue(
        "an order number and a postcode in one message are enough",
        (Line("OT-21153083, 5003", ("OT-21153083", "Total"), simple_only=True),),
    ),
    Dialogue(
        "what is asked between the desk's question and the proof is answered, and a figure in it is no proof",
        (
            Line("Where is my order?", ("order number",), simple_only=True),
            Line("ok, do you ship within 30 days?", never=("match", "order number?"), simple_only=True),
            Line("OT-21153083", ("postcode",), simple_only=True),
            Line("Which payment methods do you accept?", ("PayPigeon",), never=("order number",), simple_only=True),
            Line("5003", ("OT-21153083", "Total"), simple_only=True),
        ),
    ),
    Dialogue(
        "a question of the desk is dropped after two messages about something else",
        (
            Line("Where is OT-21153083?", ("postcode",), simple_only=True),
            Line("Which payment methods do you accept?", ("PayPigeon",), simple_only=True),
            Line("How long does delivery take?", ("working days",), simple_only=True),
            Line("ada.holm@example.com", offers=("human",), simple_only=True),
        ),
    ),
    Dialogue(
        "who is out of tries is left alone with everything else",
        (
            Line(f"Where is {ADAS_ORDER}?", ("postcode",), simple_only=True),
            *(Line(f"wrong{n}@example.com", ("match",), simple_only=True) for n in range(3)),
            Line("wrong4@example.com", ("too many wrong tries",), offers=("code:mail",), simple_only=True),
            Line("Which payment methods do you accept?", ("PayPigeon",), never=("tries",), simple_only=True),
        ),
    ),
    Dialogue(
        "a postcode opens the order it was given for; the e-mail address opens them all",
        (
            Line("OT-21153083, 5003", ("Total",), simple_only=True),
            Line("What did I buy?", ("e-mail",), never=(ADAS_ORDER,), simple_only=True),
            Line("ada.holm@example.com", (ADAS_ORDER, "OT-21153083"), simple_only=True),
            Line(presses=f"order:{ADAS_ORDER}", hears=(ADAS_TRACKING,), simple_only=True),
        ),
    ),
    Dialogue(
        "another order of the same account needs its own proof after a postcode",
        (
            Line("OT-21153083, 5003", ("Total",), simple_only=True),
            Line(presses=f"order:{ADAS_ORDER}", hears=("e-mail",), never=(ADAS_TRACKING,), simple_only=True),
            Line("ada.holm@example.com", (ADAS_TRACKING,), simple_only=True),
        ),
    ),
    Dialogue(
        "邮编只能查看对应的订单，其他订单要用邮箱核实",
        (
            Line("OT-20578850，邮编310024", ("OT-20578850",), simple_only=True),
            Line("我还买过什么", ("邮箱",), never=("OT-20962973",), simple_only=True),
            Line("lin.xiaoman@example.com", ("OT-20578850", "OT-20962973"), simple_only=True),
        ),
    ),
    Dialogue(
        "who has proved one account may prove an order of another",
        (
            Line("OT-21153083, ada.holm@example.com", ("Total",), simple_only=True),
            Line("OT-20578850", ("OT-20578850",), never=("Total",), simple_only=True),
            Line("OT-20578850, lin.xiaoman@example.com", ("Total",), simple_only=True),
            Line("Where is OT-21153083?", ("OT-21153083",), never=("Total",), simple_only=True),
        ),
    ),
    Dialogue(
        "who is signed in is that customer and no other, whatever they can prove",
        (Line("OT-20578850, lin.xiaoman@example.com", ("OT-20578850",), never=("Total",), simple_only=True),),
        customer=ADA,
    ),
    Dialogue(
        "the greeting offers what the desk can do for whoever it greets",
        (
            Line("Hello!", ("Hello",), offers=("verify", "human"), simple_only=True),
            Line(presses="verify", hears=("order number",)),
            Line("OT-21153083, ada.holm@example.com", ("Total",)),
        ),
    ),
    Dialogue(
        "登录的顾客可以从问候里直接看订单",
        (
            Line("你好", ("您好",), offers=("orders", "human"), simple_only=True),
            Line(presses="orders", hears=("OT-20578850",)),
        ),
        customer=LIN,
        locale="zh",
    ),
    Dialogue(
        "an order that does not exist and one that is not yours read the same",
        (
            Line("Where is OT-99999903? I am ada.holm@example.com", ("match",), never=("exist",)),
            Line("Where is OT-20578850? I am ada.holm@example.com", ("match",), never=("exist", "林")),
        ),
    ),
    Dialogue(
        "tries are limited, and the fourth at an order is refused even if it is right",
        (
            *(Line(f"Where is {ADAS_ORDER}? I am wrong{n}@example.com", ("match",)) for n in range(3)),
            Line(f"Where is {ADAS_ORDER}? I am ada.holm@example.com", never=(ADAS_TRACKING,), hears=("tr",)),
        ),
    ),
    Dialogue(
        "a signed-in customer sees their own orders and no other's",
        (
            Line("What did I buy?", (ADAS_ORDER, "Moss Lantern")),
            Line(f"Where is {ADAS_ORDER}?", (ADAS_TRACKING,)),
            Line("Where is OT-20578850?", ("OT-20578850",), never=("Tracking", "Heron"), simple_only=True),
        ),
        customer=ADA,
    ),
    Dialogue(
        "已登录的顾客直接查看自己的订单",
        (
            Line("我买过什么", ("OT-20578850",)),
            Line("OT-20481931 到哪了", ("OT-20481931",), never=("苔绿", ADAS_TRACKING), simple_only=True),
        ),
        customer=LIN,
        locale="zh",
    ),
    Dialogue(
        "a press of an order button shows the order, with the rights of who presses",
        (
            Line("What did I buy?", offers=(f"order:{ADAS_ORDER}",), simple_only=True),
            Line(presses=f"order:{ADAS_ORDER}", hears=(ADAS_TRACKING,)),
            Line(presses="order:OT-20578850", hears=("OT-20578850",), never=("Tracking",)),
        ),
        customer=ADA,
    ),
    Dialogue(
        "a guest who presses somebody's order button is asked for proof",
        (Line(presses=f"order:{ADAS_ORDER}", hears=("e-mail",), never=(ADAS_TRACKING,)),),
    ),
    Dialogue(
        "price, stock and variants of a product are read from the shop",
        (
            Line("How much is the Moss Lantern?", ("$39.00",), simple_only=True),
            Line(
                "Is the Heron Kettle in stock?",
                ("Navy", "sold out"),
                cites=("product:heron-kettle:en",),
                simple_only=True,
            ),
            Line("Which colours does the Moss Lantern come in?", ("Moss green", "Cream", "Black"), simple_only=True),
            Line("is ML01-GRN available", ("Moss Lantern",), simple_only=True),
            Line("Is the Moss Lantern in stock in rust red?", ("Moss green", "Cream", "Black"), simple_only=True),
        ),
    ),
    Dialogue(
        "商品的价格、库存和规格",
        (
            Line("青苔充电营灯多少钱", ("US$39.00",), simple_only=True),
            Line("青苔充电营灯有货吗", ("有货",), cites=("product:moss-lantern:zh",), simple_only=True),
        ),
    ),
    Dialogue(
        "a question that names no product means the one that was described right before",
        (
            Line("Tell me about the Moss Lantern", ("Moss Lantern",), simple_only=True),
            Line("how much is it?", ("$39.00",), cites=("product:moss-lantern:en",), simple_only=True),
            Line("Which payment methods do you accept?", ("PayPigeon",), simple_only=True),
            Line("how much is it?", never=("Moss Lantern costs",), simple_only=True),
        ),
    ),
    Dialogue(
        "没提商品名时，指的是刚介绍过的那一件",
        (
            Line("青苔充电营灯有货吗", ("有货",), simple_only=True),
            Line("多少钱", ("US$39.00",), cites=("product:moss-lantern:zh",), simple_only=True),
        ),
    ),
    Dialogue(
        "several products of a kind are offered as a choice",
        (Line("Which lanterns do you have?", ("Moss Lantern", "Harbour Lantern"), simple_only=True),),
    ),
    Dialogue(
        "whoever looks around is shown what there is",
        (
            Line("What tents do you have?", ("Two Otter Tent", "Solitary Owl Tent"), simple_only=True),
            Line("有帐篷吗", ("双獭双人帐",), simple_only=True),
            Line("what do you sell?", ("Tents & camp", "Knitwear"), simple_only=True),
            Line("do you sell cars?", offers=("human",), cites=(), simple_only=True),
        ),
    ),
    Dialogue(
        "several questions in one message are each answered, an order number and its proof are taken together",
        (
            Line(
                "How do I return an item?\nDo you ship abroad?\nthanks",
                ("My orders", "34 countries"),
                cites=("faq:how-to-return:en", "faq:international-shipping:en"),
                simple_only=True,
            ),
            Line(f"{ADAS_ORDER}\nada.holm@example.com", (ADAS_TRACKING,), simple_only=True),
        ),
    ),
    Dialogue(
        "what the shop does not know it says it does not know, and offers a person",
        (Line("Who won the world cup in 1998?", offers=("human",), cites=(), never=("France",), simple_only=True),),
    ),
    Dialogue(
        "what is asked of a shop that is no business of one is declined, and a person offered",
        (Line("Write a python script that sorts a list", offers=("human",), cites=(), simple_only=True),),
    ),
    Dialogue(
        "不知道就说不知道",
        (Line("昨天世界杯谁赢了？", offers=("human",), cites=(), simple_only=True),),
    ),
    Dialogue(
        "whoever wants a person gets into the line, whichever answerer is at work",
        (
            Line(
                "I want to talk to a human",
                ("line for our staff", "help@owlandotter.example"),
                status="waiting_for_staff",
            ),
            Line("talk to a person please", ("already in the line",), status="waiting_for_staff"),
        ),
    ),
    Dialogue(
        "an angry customer who wants a person gets one",
        (
            Line(
                "speak to your manager please, this is unacceptable",
                ("line for our staff",),
                status="waiting_for_staff",
            ),
        ),
    ),
    Dialogue(
        "a tent for two persons is no wish for a person",
        (Line("do you have a two-person tent?", ("Tent",), simple_only=True),),
    ),
    Dialogue(
        "按下按钮也可以转人工", (Line(presses="human", hears=("人工",), status="waiting_for_staff"),), locale="zh-CN"
    ),
    Dialogue(
        "a return is led through by buttons, up to the card",
        (
            Line(
                "I want to return something",
                ("Which order",),
                offers=("slot:order:OT-18259488", "slot:stop", "human"),
                simple_only=True,
            ),
            Line(
                presses="slot:order:OT-18259488",
                hears=("OT-18259488",),
                offers=("slot:items:FW24-PEA-38", "slot:items:all"),
                simple_only=True,
            ),
            Line(
                presses="slot:items:FW24-PEA-38", hears=("Anything else",), offers=("slot:more:done",), simple_only=True
            ),
            Line("that's all", ("Why",), offers=("slot:reason:does not fit",), simple_only=True),
            Line("they are too small", ("1 × Fell Walker Leather Boots", "$169.00", "Confirm"), simple_only=True),
        ),
        customer=ADA,
    ),
    Dialogue(
        "退货由按钮一步步办到确认卡片",
        (
            Line("我要退货", ("OT-18797165",), offers=("slot:items:SU70-OAT", "slot:stop", "human"), simple_only=True),
            Line("床袜", ("为什么",), offers=("slot:reason:does not fit",), simple_only=True),
            Line("运费是多少？", ("$5.90", "接着刚才的"), offers=("slot:reason:does not fit",), simple_only=True),
            Line("不喜欢", ("1 × 周日床袜", "US$24.00"), simple_only=True),
        ),
        customer=LIN,
        locale="zh",
    ),
    Dialogue(
        "a wish that says everything becomes a card at once",
        (Line("cancel OT-21153083, ordered by mistake", ("pending → cancelled", "$92.00"), simple_only=True),),
        customer=ADA,
    ),
    Dialogue(
        "一句话说清楚的，直接出确认卡片",
        (Line("取消OT-21037907，拍错了", ("待处理 → 已取消", "US$72.00"), simple_only=True),),
        customer=LIN,
        locale="zh",
    ),
    Dialogue(
        "what the rules forbid is said before anything is asked, and a question about it is answered honestly",
        (
            Line("cancel OT-20481931", ("shipped",), never=("Why",), offers=("human",), simple_only=True),
            Line(
                "can I still cancel OT-21153083?",
                ("possible right now",),
                offers=("do:cancel_order:OT-21153083",),
                simple_only=True,
            ),
            Line(
                presses="do:cancel_order:OT-21153083",
                hears=("Why",),
                offers=("slot:reason:no longer needed",),
                simple_only=True,
            ),
            Line("never mind", ("as it is",), simple_only=True),
        ),
        customer=ADA,
    ),
    Dialogue(
        "a guest who wants something done proves the order first, and goes on from there",
        (
            Line("exchange my boots for size 40", ("order number",), simple_only=True),
            Line("OT-18259488, ada.holm@example.com", ("EU 38", "EU 40", "Confirm"), simple_only=True),
        ),
    ),
    Dialogue(
        "客人要办事也先核实，然后接着办",
        (
            Line("把床袜换成梅子紫", ("订单号",), simple_only=True),
            Line("OT-18797165，lin.xiaoman@example.com", ("梅子紫", "确认"), simple_only=True),
        ),
    ),
    Dialogue(
        "a postcode shows neither saved addresses nor payment methods: the account is proved before these are offered",
        (
            Line("change the delivery address of OT-21153083", ("postcode",), simple_only=True),
            Line("5003", ("e-mail",), never=("Heron Inlet", "4242", "7Q2M"), simple_only=True),
            Line("ada.holm@example.com", ("Where should",), offers=("slot:address:cabin",), simple_only=True),
        ),
    ),
    Dialogue(
        "只有邮编时不显示账户里的付款方式，先核实邮箱",
        (
            Line("OT-21037907 换付款方式", ("邮编",), simple_only=True),
            Line("310024", ("邮箱",), never=("余额", "礼品卡"), simple_only=True),
            Line("lin.xiaoman@example.com", ("哪种方式付款",), offers=("slot:stop",), simple_only=True),
        ),
    ),
    Dialogue(
        "at the card of an exchange another size is a correction, and the first card is over",
        (
            Line("exchange my boots for size 40", ("EU 38", "EU 40", "Confirm"), simple_only=True),
            Line("No, size 42 instead", ("EU 38", "EU 42", "Confirm"), never=("EU 40",), simple_only=True),
        ),
        customer=ADA,
    ),
    Dialogue(
        "a plain yes means the one thing that was offered, or asks what it means, and never falls on deaf ears",
        (
            Line("yes", ("Gladly",), offers=("verify", "human"), cites=(), simple_only=True),
            Line("gift card", cites=(), offers=("ask:faq:gift-card-amounts:en",), simple_only=True),
            Line("yes please", ("Which of them",), offers=("ask:faq:gift-card-amounts:en",), simple_only=True),
            Line("no", never=("Gladly", "know"), cites=(), simple_only=True),
            Line("lol ok cool thx", ("welcome",), cites=(), simple_only=True),
        ),
    ),
    Dialogue(
        "a short question goes on with what was talked about",
        (
            Line("do you have the moss lantern?", ("Moss green",), simple_only=True),
            Line("and in cream?", ("Moss Lantern", "Cream"), simple_only=True),
            Line("is it waterproof?", ("IPX4",), cites=("product:moss-lantern:en",), simple_only=True),
            Line("Do you ship to Norway?", ("34 countries",), simple_only=True),
            Line("and to Japan?", ("As I wrote", "34 countries"), offers=("human",), simple_only=True),
        ),
    ),
    Dialogue(
        "没说全的短问题，接着刚才的话题回答",
        (
            Line("青苔充电营灯有货吗", ("有货",), simple_only=True),
            Line("奶白色的呢", ("青苔充电营灯", "奶白"), simple_only=True),
            Line("哈哈好吧谢谢", ("不客气",), simple_only=True),
        ),
    ),
    Dialogue(
        "two questions in one sentence are both answered, products are found by kind and price, and compared",
        (
            Line(
                "what's the return window and do you ship to Norway?",
                ("30 days", "34 countries"),
                cites=("faq:return-window:en", "faq:international-shipping:en"),
                simple_only=True,
            ),
            Line("whats the cheapest tent", ("Two Otter Tent", "$"), simple_only=True),
            Line("any gift under $20?", ("$19.00",), never=("$39.00",), simple_only=True),
            Line("compare the moss lantern and the harbour lantern", ("420 g", "paraffin"), simple_only=True),
            Line("is the two otter tent waterproof", ("3,000 mm",), simple_only=True),
        ),
    ),
    Dialogue(
        "small talk is answered in kind",
        (
            Line("Hello!", ("Hello",)),
            Line("are you a bot?", ("assistant",), simple_only=True),
            Line("you are useless", ("help",), simple_only=True),
            Line("ok", ("All right",), never=("welcome",), simple_only=True),
            Line("thanks", ("welcome",), simple_only=True),
        ),
    ),
    Dialogue(
        "闲聊用中文回答，短短的英文词也听得懂",
        (
            Line("你好", ("您好",)),
            Line("ok", ("好的",), never=("不客气",), simple_only=True),
            Line("thanks", ("不客气",), simple_only=True),
        ),
    ),
    Dialogue(
        "a customer may ask something else while proving who they are, and come back",
        (
            Line("Where is my order?", ("order number",), simple_only=True),
            Line("How long does delivery take?", ("working days",), simple_only=True),
            Line(f"{ADAS_ORDER}, ada.holm@example.com", (ADAS_TRACKING,), simple_only=True),
        ),
    ),
    Dialogue(
        "a made-up button does nothing but say so",
        (
            Line(presses="ask:faq:nonsense:en", offers=("human",)),
            Line(presses="refund:everything", offers=("human",)),
            Line(presses="order:' OR 1=1 --", offers=("human",)),
        ),
    ),
    Dialogue(
        "commands are understood wherever they are typed",
        (
            Line("/start", ("Owl & Otter",), offers=("verify", "help", "human"), cites=()),
            Line("/help", ("/forget", "/language"), offers=("account",), cites=()),
            Line("/orders", ("order number",), never=(ADAS_TRACKING,), cites=()),
            Line("/account", ("not signed in",), offers=("verify",), cites=()),
            Line("/human", ("in the line",), status="waiting_for_staff"),
        ),
    ),
    Dialogue(
        "输入命令在哪里都有效",
        (
            Line("/start", ("枭与獭",), offers=("verify", "help", "human"), cites=()),
            Line("/help", ("/forget", "/language"), offers=("account",), cites=()),
            Line("/orders", ("订单号",), cites=()),
            Line("/account", ("没有登录",), cites=()),
        ),
        locale="zh",
    ),
    Dialogue(
        "the language that a customer chooses is kept",
        (
            Line("/language", ("language",), offers=("language:en", "language:zh", "language:auto"), cites=()),
            Line(presses="language:zh", hears=("中文",)),
            Line("/orders", ("订单号",)),
            Line(presses="language:auto", hears=("您用什么语言",)),
        ),
        locale="en",
    ),
    Dialogue(
        "a conversation is deleted after a second question, and nobody is known in it any more",
        (
            Line(f"{ADAS_ORDER}, ada.holm@example.com", (ADAS_TRACKING,), simple_only=True),
            Line("/forget", ("cannot be undone",), offers=("forget:yes", "forget:no"), cites=()),
            Line(presses="forget:no", hears=("stays",)),
            Line("/forget", ("cannot be undone",)),
            Line(presses="forget:yes", hears=("deleted",)),
            Line("/account", ("not signed in",)),
        ),
    ),
    Dialogue(
        "who proved who they are sees it, and signs out",
        (
            Line("/orders", ("order number",)),
            Line(f"{ADAS_ORDER}, ada.holm@example.com", (ADAS_ORDER,), simple_only=True),
            Line("/account", ("as Ada",), offers=("sign_out", "orders"), simple_only=True),
            Line(presses="sign_out", hears=("no longer know",), simple_only=True),
            Line("/account", ("not signed in",), simple_only=True),
        ),
    ),
)
