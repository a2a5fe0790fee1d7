"""The wording of the cohort's and the model's pages, in both languages."""

from __future__ import annotations

from dropout_risk.text import Text

REVIEW_WORDS: dict[str, Text] = {
    "skip": Text(zh="跳到正文", en="Skip to the content"),
    "pages": Text(zh="页面", en="Pages"),
    "lists_link": Text(zh="各校名单", en="Lists of all schools"),
    "cohort_link": Text(zh="全体概况", en="The whole cohort"),
    "model_link": Text(zh="关于模型", en="About the model"),
    "about_page": Text(zh="说明", en="About this page"),
    "page_private": Text(
        zh="本页含学生个人信息，仅供有关老师使用，请勿外传、张贴。",
        en="This page holds personal data. It is for the people concerned; do not pass it on or post it.",
    ),
    # the cohort
    "spread": Text(zh="风险分布", en="How risks are spread"),
    "spread_note": Text(
        zh="每根柱子是风险相近的学生人数，虚线是各档的界限；横轴上小的风险拉得较开。",
        en="Each bar counts pupils of about the same risk; dashed lines are the limits of the bands. "
        "On this axis small risks are spread out.",
    ),
    "spread_said": Text(zh="已评估{n}人：{counts}", en="{n} pupils judged: {counts}"),
    "bar_said": Text(zh="风险{low}至{high}：{n}人", en="risk {low} to {high}: {n} pupils"),
    "band": Text(zh="档次", en="Band"),
    "from": Text(zh="风险不低于", en="Risk from"),
    "share": Text(zh="占比", en="Share"),
    "band_unknown": Text(zh="资料太少", en="too little known"),
    "by_capacity": Text(zh="各校名单", en="Lists by capacity"),
    "by_capacity_note": Text(
        zh="每位包保责任人除预警外最多{capacity}人；“同分”是线下与名单最后一人风险完全相同的人数，按学号先后取舍。",
        en="Beside the alerts at most {capacity} per responsible teacher. Tied: pupils below the line with "
        "exactly the risk of the last one above it; the id decides.",
    ),
    "tied_short": Text(zh="同分", en="Tied"),
    "highest": Text(zh="风险最高的学生", en="The highest risks"),
    "highest_note": Text(
        zh="不分学校，列出前{shown}人；风险低的不列入。",
        en="Across schools, the first {shown}; pupils at low risk are not listed.",
    ),
    "more_tied": Text(
        zh="另有{n}人与最后一人风险完全相同，按学号先后未列出。",
        en="{n} more have exactly the risk of the last one shown; the id decides who is.",
    ),
    "nobody_highest": Text(zh="没有风险不低的学生。", en="Nobody's risk is above the lowest band."),
    "no_open_reason": Text(zh="见该生的页面", en="see the pupil's page"),
    "domains_by_school": Text(zh="各校风险主要来自哪方面", en="Where risks come from, by school"),
    "domains_note": Text(
        zh="风险不低的学生中，每个方面作为首要推高因素的人数；颜色越深，占本校的比例越大。",
        en="Of pupils whose risk is not low: for how many each domain raises it most. The darker, the larger "
        "the share of the school.",
    ),
    "at_risk": Text(zh="风险不低", en="Not low"),
    "reason_not_scored": Text(zh="原因", en="Reason"),
    "everybody_scored": Text(zh="全部学生都已评估。", en="Everybody could be judged."),
    "other_reasons": Text(zh="其他{n}种原因", en="{n} other reasons"),
    # the model
    "calibration": Text(zh="校准：给出的风险与后来的事实", en="Calibration: risks given, and what came true"),
    "calibration_note": Text(
        zh="每点是检验数据中风险相近的一组学生：横轴是给出的风险，纵轴是后来真正辍学的比例，"
        "竖线是95%区间；点落在斜线上最好。两轴上小的数拉得较开。",
        en="Each dot is a group of test pupils of about the same risk: across, the risk given; upwards, the "
        "share that came to leave, with its 95 % interval. On the diagonal both agree. On both axes small "
        "numbers are spread out.",
    ),
    "calibration_of": Text(zh="校准图", en="Calibration"),
    "given": Text(zh="给出的风险", en="Risk given"),
    "observed": Text(zh="实际比例", en="Share that left"),
    "interval_95": Text(zh="95%区间", en="95 % interval"),
    "rows": Text(zh="人次", en="Rows"),
    "not_evaluated": Text(
        zh="本模型没有附带评估报告，不知道它有多准。",
        en="This model carries no evaluation: nobody knows how good it is.",
    ),
    "overall": Text(zh="总体上哪些因素起作用", en="Reasons overall"),
    "overall_note": Text(
        zh="对今天评估的{n}名学生。点是平均，粗线是中间一半学生，细线是中间九成；向右使风险升高，向左使风险降低。"
        "数字是平均分量（不计正负），从大到小。",
        en="Over the {n} pupils judged today. Dot: the mean; thick line: the middle half of the pupils; "
        "thin line: the middle nine tenths; to the right raises, to the left lowers. The number is the mean "
        "weight whatever its sign, the largest first.",
    ),
    "overall_said": Text(
        zh="平均{mean}，中间九成学生在{low}与{high}之间",
        en="mean {mean}; nine tenths of the pupils lie between {low} and {high}",
    ),
    "too_few": Text(zh="学生太少，不画。", en="Too few pupils for a picture."),
    "mean_weight": Text(zh="平均分量", en="mean weight"),
    "how_to_read": Text(zh="怎样读一条原因", en="How to read a reason"),
}

HOW_TO_READ: tuple[tuple[Text, Text], ...] = (
    (
        Text(zh="先看句子", en="First the sentence"),
        Text(
            zh="句子写的是记录里的事实，例如“近20个上课日缺勤35%”。先核对：记录对不对？有没有请假没登记？"
            "记录错了，分数也就错了。",
            en="It states what the records say, such as: Absent on 35% of the last 20 school days. "
            "Check it first: is it right, was leave asked for and not entered? If the record is wrong, so "
            "is the score.",
        ),
    ),
    (
        Text(zh="再看对照", en="Then what it is held against"),
        Text(
            zh="后面的小字是同班或继续就读学生的平均，以及这条记录有多旧。多数人都一样的事，说明不了什么；很久以前的事，先问问现在怎样。",
            en="The small print gives the class, or pupils who stayed, and how old the record is. What "
            "everyone shares says little; of what is long past, ask how it is now.",
        ),
    ),
    (
        Text(zh="方向和长短", en="Direction and length"),
        Text(
            zh="向右的条使风险升高，向左的使风险降低；条越长，这一项在该生的结果里分量越重。",
            en="A bar to the right raises the risk, one to the left lowers it; the longer, the more it "
            "weighs in this pupil's result.",
        ),
    ),
    (
        Text(zh="各项相加等于结果", en="Everything adds up"),
        Text(
            zh="起点加上所有各项，正好等于该生的结果，没有藏起来的部分。不单独列出的合在“其余各项”里。",
            en="The start and all items add up exactly to the pupil's result; nothing is hidden beside "
            "them. What has no line of its own is in the line for everything else.",
        ),
    ),
    (
        Text(zh="一件事只说一次", en="One fact, one reason"),
        Text(
            zh="近10天、20天、60天的缺勤说的是一件事，合成一条。",
            en="Absence over 10, 20 and 60 days is one fact, and is told as one.",
        ),
    ),
    (
        Text(zh="“没有记录”也会写出来", en="What is not recorded is said too"),
        Text(
            zh="没有记录不等于没有问题，也不等于有问题；先把记录补上。",
            en="No record is neither a good sign nor a bad one; find out, and enter it.",
        ),
    ),
    (
        Text(zh="原因不是因果", en="A reason is no cause"),
        Text(
            zh="它说的是模型为什么算出这个数，不是孩子为什么会走。改变这一项，孩子不一定就留下；真正的困难要当面问。",
            en="It says why the model came to this number, not why the child would leave. Changing it need "
            "not keep the child at school; ask the child what is difficult.",
        ),
    ),
    (
        Text(zh="区间", en="The interval"),
        Text(
            zh="风险后面的区间说的是这个百分数有多准：分数相同的学生，平均风险大致在其中。",
            en="It says how exact the percentage is: where the average risk of pupils with this score lies.",
        ),
    ),
    (
        Text(zh="心理测评保密", en="Well-being tests stay confidential"),
        Text(
            zh="只写“心理测评”，不写内容。请找心理教师，不要向学生打听。",
            en="The page says that a test plays a part, never what it found. Speak to the counsellor, and "
            "do not question the pupil about it.",
        ),
    ),
    (
        Text(zh="最后由人决定", en="People decide"),
        Text(
            zh="分数只说先去看谁。去不去、帮什么，由了解孩子的人决定。",
            en="A score says whom to see first. What is done is for those who know the child to decide.",
        ),
    ),
)
