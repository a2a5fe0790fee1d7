"""The wording of the pages, in both languages."""

from __future__ import annotations

from dropout_risk.pages.morning_words import MORNING_WORDS
from dropout_risk.pages.on_record import RECORD_WORDS
from dropout_risk.text import ASIDE, ITEMS, Language, Text
from dropout_risk.watchlist.watch_list import SIMULATED

ABOUT_THE_DATA = Text(zh="还请注意", en="Also to know")

PUPIL_WORDS: dict[str, Text] = {
    "pupil": Text(zh="学生", en="Pupil"),
    "rank": Text(zh="本校第{rank}位", en="number {rank} of the school"),
    "nobody_remembers": Text(
        zh="（这里没有以往的名单或个案簿可对照：可能早已告知过）",
        en=" (There is no earlier list and no case book here to tell whether it was told before.)",
    ),
    "for_whom": Text(zh="本页供{who}查看", en="This page is for: {who}"),
    "tests_hidden": Text(
        zh="心理测评结果保密，本页不显示；需要了解时请找心理教师。",
        en="Results of well-being tests are confidential and not shown here; ask the counsellor.",
    ),
    "why_this_risk": Text(zh="这个风险是怎样算出的", en="How this risk was computed"),
    "how_read_waterfall": Text(
        zh="从上往下读：从参照学生的风险出发，每一项把它推高（向右）或拉低（向左），最后到达本人的风险。"
        "右边的数字是分量，各项相加正好等于结果；横轴上小的风险拉得较开。",
        en="Read from top to bottom: from the risk of the pupils compared with, each item pushes it up (to "
        "the right) or pulls it down (to the left), and the last row is this pupil's. The numbers are "
        "weights in log-odds and add up exactly; on this axis small risks are spread out.",
    ),
    "by_domain": Text(zh="按类别", en="By domain"),
    "merged": Text(zh="（合并{n}项）", en="({n} merged)"),
    "by_reason": Text(zh="按具体情况", en="By reason"),
    "start_training": Text(zh="参照：训练所用的全部学生", en="Start: all pupils it was trained on"),
    "start_stayed": Text(zh="参照：坚持在读的学生", en="Start: pupils who stayed"),
    "start_stayed_in_grade": Text(
        zh="参照：坚持在读的{grade}学生", en="Start: pupils of grade {grade} who stayed"
    ),
    "this_pupil": Text(zh="本人", en="This pupil"),
    "all_other": Text(zh="其他情况合计", en="Everything else together"),
    "raises_in_words": Text(
        zh="另外使风险升高（不显示分量）", en="Also raises the risk (no number is shown)"
    ),
    "lowers_in_words": Text(
        zh="另外使风险降低（不显示分量）", en="Also lowers the risk (no number is shown)"
    ),
    "pushes_up": Text(zh="使风险升高，分量{number}", en="raises the risk, weight {number}"),
    "pulls_down": Text(zh="使风险降低，分量{number}", en="lowers the risk, weight {number}"),
    "attendance": Text(zh="出勤", en="Attendance"),
    "strip_note": Text(
        zh="每格一个教学日，每列一周，从周一到周五；右侧虚线是评估日{as_of}，当天及以后的情况这里一概不用。",
        en="One cell per school day, one column per week from Monday down. The dashed line is the as-of "
        "date, {as_of}: nothing of that day or later is used.",
    ),
    "strip_said": Text(
        zh="{first}至{last}的出勤：{counts}", en="Attendance from {first} to {last}: {counts}"
    ),
    "days_of": Text(zh="{state}{number}天", en="{state} {number}"),
    "present": Text(zh="出勤", en="present"),
    "no_record": Text(zh="无记录", en="no record"),
    "no_attendance": Text(zh="没有按天的出勤记录。", en="No attendance by day is recorded."),
    "total_of_period": Text(
        zh="{start}至{end}：应到{enrolled}天，缺课{absent}天",
        en="{start} to {end}: absent on {absent} of {enrolled} days",
    ),
    "in_numbers": Text(zh="按月的天数", en="The same in numbers"),
    "month": Text(zh="月份", en="Month"),
    "marks": Text(zh="成绩", en="Marks"),
    "marks_note": Text(
        zh="占满分的百分比，每点一次考试，最近两年；虚线是评估日。",
        en="Share of full marks, one dot per exam, of the last two years; the dashed line is the as-of date.",
    ),
    "last_mark": Text(zh="最近{share}（{date}）", en="last {share} ({date})"),
    "no_marks": Text(zh="没有成绩记录。", en="No marks are recorded."),
    "since_last_time": Text(zh="与上次相比", en="Since last time"),
    "since_a_week": Text(zh="与一周前的记录相比", en="Against the records of a week ago"),
    "what_would_change": Text(zh="哪些变化会改变风险", en="What would change the risk"),
    "to_find_out": Text(zh="有待核实的信息", en="Not known, and worth finding out"),
    "nothing_missing": Text(zh="没有缺项。", en="Nothing is missing."),
    "about_the_data": ABOUT_THE_DATA,
    "todays_alert": Text(zh="预警", en="an alert"),
    "because": Text(zh="依据：{reasons}", en="because: {reasons}"),
    "what_it_is_not": Text(zh="使用须知", en="What a score is not"),
    "not_verdict": Text(
        zh="不是对孩子的结论，也不是预言：即使风险高，也有许多学生留下来。",
        en="No verdict and no prophecy: many pupils at high risk stay.",
    ),
    "not_for_use": Text(
        zh="不得用于处分、劝退、分班、评优，也不得用来考核老师。",
        en="Not for punishing, excluding, streaming or rewarding anyone, nor for rating teachers.",
    ),
    "not_cause": Text(
        zh="“计算依据”只说明模型怎样算出这个数，不一定是孩子遇到的真正困难；真正的困难要当面问、用心听。",
        en="A reason is what the number was made from, not necessarily what troubles the child: ask, and "
        "listen.",
    ),
    "not_effect": Text(
        zh="不说明哪种帮助有效，也不说明谁更值得帮助。",
        en="It does not say which help works, nor who deserves it.",
    ),
}


REVIEW_WORDS: dict[str, Text] = {
    "skip": Text(zh="跳到正文", en="Skip to the content"),
    "pages": Text(zh="页面", en="Pages"),
    "lists_link": Text(zh="今日首页", en="This morning"),
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
        zh="每根柱子是风险相近的学生人数，虚线是各风险等级的界限；横轴上小的风险拉得较开。",
        en="Each bar counts pupils of about the same risk; dashed lines are the limits of the bands. "
        "On this axis small risks are spread out.",
    ),
    "spread_said": Text(zh="已评估{n}人：{counts}", en="{n} pupils judged: {counts}"),
    "bar_said": Text(zh="风险{low}至{high}：{n}人", en="risk {low} to {high}: {n} pupils"),
    "band": Text(zh="风险等级", en="Band"),
    "from": Text(zh="风险不低于", en="Risk from"),
    "share": Text(zh="占比", en="Share"),
    "by_capacity": Text(zh="各校名单", en="Lists by capacity"),
    "by_capacity_note": Text(
        zh="每位包保责任人除预警外最多{capacity}人；“同分”是未列入名单、与名单最后一人风险完全相同的人数，按学号先后取舍。",
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
    "no_open_reason": Text(zh="见学生本人的页面", en="see the pupil's page"),
    "domains_by_school": Text(zh="各校风险主要来自哪方面", en="Where risks come from, by school"),
    "domains_note": Text(
        zh="风险不低的学生中，每个方面作为首要推高因素的人数；颜色越深，占本校的比例越大。",
        en="Of pupils whose risk is not low: for how many each domain raises it most. The darker, the larger "
        "the share of the school.",
    ),
    "small_withheld": Text(
        zh="不足{fewest}人的各组不列出；为防倒推，另有一组也不列出。各校名单除外。",
        en="Groups of fewer than {fewest} pupils are withheld, and with them the next smallest; lists are "
        "not.",
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
    "whole_card": Text(zh="模型说明书全文", en="The whole model card"),
    "how_to_read": Text(zh="怎样读一条计算依据", en="How to read a reason"),
}

HOW_TO_READ: tuple[tuple[Text, Text], ...] = (
    (
        Text(zh="先看句子", en="First the sentence"),
        Text(
            zh="句子写的是记录里的事实，例如“近20个教学日缺课7天”。先核对：记录对不对？有没有请假没登记？"
            "记录错了，分数也就错了。",
            en="It states what the records say, such as: Absent on 7 of the last 20 school days. "
            "Check it first: is it right, was leave asked for and not entered? If the record is wrong, so "
            "is the score.",
        ),
    ),
    (
        Text(zh="再看对照", en="Then what it is held against"),
        Text(
            zh="后面的小字是同班其他同学或坚持在读学生的平均，以及这句话所依据的记录是哪几天的。多数人都一样的事，说明不了什么；很久以前的事，先问问现在怎样。",
            en="The small print gives the class-mates, or pupils who stayed, and from which days the "
            "records are. What everyone shares says little; of what is long past, ask how it is now.",
        ),
    ),
    (
        Text(zh="方向和长短", en="Direction and length"),
        Text(
            zh="向右的条使风险升高，向左的使风险降低；条越长，这一项在本人的结果里分量越重。",
            en="A bar to the right raises the risk, one to the left lowers it; the longer, the more it "
            "weighs in this pupil's result.",
        ),
    ),
    (
        Text(zh="各项相加等于结果", en="Everything adds up"),
        Text(
            zh="参照加上所有各项，正好等于本人的结果，没有藏起来的部分。说同一件事的几项合并成一行（点开可看），不单独列出的合在“其他情况合计”里。",
            en="The start and all items add up exactly to the pupil's result; nothing is hidden beside "
            "them. Items that tell one fact are merged into one line, which opens. What has no line of its "
            "own is in the line for everything else.",
        ),
    ),
    (
        Text(zh="一件事只说一次", en="One fact, one reason"),
        Text(
            zh="近10天、20天、60天的缺课说的是一件事，合成一条。",
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
        Text(zh="计算依据不是辍学原因", en="A reason is no cause"),
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


WORDS: dict[str, Text] = {
    **PUPIL_WORDS,
    **REVIEW_WORDS,
    **RECORD_WORDS,
    **MORNING_WORDS,
    "title": Text(zh="控辍保学关注名单", en="Watch list: whom to see first"),
    "all_schools": Text(zh="各校名单", en="Lists of all schools"),
    "what_a_score_is": Text(
        zh="风险是根据{as_of}以前的记录，对学生今后{horizon}辍学的可能性所作的估计，帮助老师决定优先关注谁。"
        "它只提供参考，不作决定：不是对学生的结论，也不能用来评价或处分任何人。",
        en="A risk is an estimate, from the records before {as_of}, of how likely a pupil is to leave school "
        "{horizon}. It helps to decide whom to see first. It informs and never decides: it is no verdict on "
        "a pupil, and nobody may be judged or punished by it.",
    ),
    "some_time": Text(zh="几个月内", en="in the coming months"),
    "horizon": Text(zh="{days}个教学日内", en="within {days} school days"),
    "horizon_of_a_term": Text(zh="约一学期（{days}个教学日）", en="within about a term ({days} school days)"),
    "synthetic": SIMULATED,
    "school": Text(zh="学校", en="School"),
    "no_school": Text(zh="学校不详", en="School not known"),
    "teacher": Text(zh="包保责任人", en="Responsible teacher"),
    "no_teacher": Text(zh="尚未落实包保责任人", en="No responsible teacher"),
    "name_one": Text(
        zh="这些学生还没有包保责任人。请学校尽快确定，让每个孩子都有人关心。",
        en="Nobody is recorded as responsible for these pupils. Please name someone: every child needs one.",
    ),
    "pupils": Text(zh="学生", en="Pupils"),
    "with_alert": Text(zh="今日预警", en="Alerts today"),
    "first": Text(zh="优先关注", en="Whom to see first"),
    "below": Text(zh="未列入", en="Below the line"),
    "not_scored": Text(zh="暂不评估", en="Could not be scored"),
    "total": Text(zh="合计", en="Total"),
    "adds_up": Text(
        zh="共{cohort}人 = 已列入{listed}人 + 未列入名单{below_line}人 + 暂不评估{not_scored}人",
        en="{cohort} pupils = {listed} listed + {below_line} below the line + {not_scored} not scored",
    ),
    "who_acts": Text(zh="今日预警分工", en="Alerts today, by who acts"),
    "alerts_note": Text(
        zh="预警来自规则，与模型无关；不受名单人数限制，全部列出。",
        en="Alerts come from rules, whatever the model says, and are all listed.",
    ),
    "first_note": Text(
        zh="预警以外，按风险从高到低，最多{capacity}人；风险低的学生不列入。",
        en="Beside the alerts, by risk, at most {capacity}; pupils at low risk are not listed.",
    ),
    "nobody_first": Text(zh="没有其他需要优先关注的学生。", en="Nobody else is above the line."),
    "no_alerts": Text(zh="今天没有预警。", en="No alerts today."),
    "nobody_listed": Text(zh="今天无人列入名单", en="nobody on the list today"),
    "tied": Text(
        zh="未列入名单的还有{n}人与名单最后一人风险相同，按学号先后取舍。",
        en="{n} more below the line have the same risk as the last one listed; they are ordered by id.",
    ),
    "below_note": Text(
        zh="未列入名单{n}人：今天不必先安排，不等于没有困难。",
        en="{n} below the line: no need to go first today, which does not mean that all is well.",
    ),
    "list_comma": ITEMS,
    "class": Text(zh="班级", en="class"),
    "risk": Text(zh="辍学风险", en="Risk of dropping out"),
    "interval": Text(zh="区间", en="interval"),
    "not_judged": Text(zh="信息不足，暂不评估", en="Too little is known to judge the risk"),
    "status_new": Text(zh="新列入", en="new on the list"),
    "status_worse": Text(zh="比{when}升高", en="higher than {when}"),
    "status_same": Text(zh="与{when}相近", en="about as {when}"),
    "status_better": Text(zh="比{when}降低", en="lower than {when}"),
    "last_time": Text(zh="上次", en="last time"),
    "last_week": Text(zh="上周", en="last week"),
    "from_to": Text(zh="（{before}→{now}）", en=" ({before} → {now})"),
    "since": Text(zh="{since}列入", en="listed since {since}"),
    "why": Text(zh="模型计算依据", en="Computed from"),
    "lowering": Text(zh="使风险降低", en="Lowers risk"),
    "missing": Text(zh="有待核实", en="Not known"),
    "about_the_data": ABOUT_THE_DATA,
    "help": Text(zh="可以怎么帮", en="May help"),
    "raises": Text(zh="使风险升高{points}个百分点", en="raises the risk by {points} percentage points"),
    "lowers": Text(zh="使风险降低{points}个百分点", en="lowers the risk by {points} percentage points"),
    "nothing_raises": Text(zh="没有哪一项单独使风险明显升高。", en="No single fact raises the risk by much."),
    "about": Text(zh="说明", en="About this list"),
    "about_model": Text(
        zh="模型{name}，版本{version}；评估日{as_of}，只使用此前的记录；训练数据截至{trained_to}。",
        en="Model {name}, version {version}; as of {as_of}, from records before it; trained on data up to "
        "{trained_to}.",
    ),
    "undated": Text(zh="未注明", en="an unknown date"),
    "about_interval": Text(
        zh="区间：表示这个百分数本身有多准（分数相同的学生，平均风险大致落在其中），不是对某个孩子的预言。",
        en="Interval: how exact the percentage itself is (where the risk of pupils with this score lies on "
        "average), not a prophecy about a child.",
    ),
    "about_bars": Text(
        zh="横条：向右使风险升高，向左使风险降低，长短表示在本人各项计算依据中的分量。",
        en="Bars: to the right raises the risk, to the left lowers it; the length is its weight among this "
        "pupil's reasons.",
    ),
    "about_last": Text(zh="与{date}的名单相比。", en="Compared with the list of {date}."),
    "about_first": Text(zh="没有更早的名单可比。", en="There is no earlier list to compare with."),
    "about_new_model": Text(
        zh="上次名单用的是另一个版本的模型，升降可能由此而来。",
        en="The last list was made by another version of the model; changes may come from that.",
    ),
    "aside": ASIDE,
    "most_lack": Text(
        zh="名单上的多数学生都缺、不再逐一列出的：",
        en="Not known of most pupils listed here, and not repeated: ",
    ),
    "holds_for_most": Text(zh="对名单上的多数学生：", en="Of most pupils listed here: "),
    "keep_private": Text(
        zh="名单含学生个人信息，仅供有关老师使用，请勿外传、张贴。",
        en="This list holds personal data. It is for the teachers concerned; do not pass it on or post it.",
    ),
}


def page_words(language: Language) -> dict[str, str]:
    """Give the wording in one language."""
    return {name: text.to(language) for name, text in WORDS.items()}
