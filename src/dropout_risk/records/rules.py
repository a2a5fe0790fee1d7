"""The rules of the check, declared once as plain data, and the report of the problems they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    import pandas as pd


Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """One rule of the check: what is wrong, which is never a pupil's value, and the way out.

    The code (such as ``"DR106"``) is stable; an error sets the row apart, a warning is only noted.
    """

    code: str
    name: str
    message: Text
    hint: Text
    severity: Severity = "error"


_RULES = (
    Rule(
        "DR101",
        "missing_column",
        Text(zh="缺少必需的列", en="A required column is missing, so the whole part is set apart"),
        Text(
            zh="补上该列，或在映射文件的 [columns] 中写明它的表头",
            en="add it, or name its header under [columns] in the mapping",
        ),
    ),
    Rule(
        "DR102",
        "unknown_column",
        Text(zh="列名无法识别，未使用", en="A column is not known and is not used"),
        Text(
            zh="不需要时写入映射文件的 ignored", en="list it under ignored in the mapping if it is not needed"
        ),
        "warning",
    ),
    Rule(
        "DR103",
        "missing_value",
        Text(zh="必填的值为空", en="A value that every row needs is missing"),
        Text(
            zh='补上该值；空格有含义时，在映射文件的 [words] 中写明（例如 "" = "present"）；'
            "成绩可写缺考、免考、缓考",
            en="fill it in, or say under [words] in the mapping what an empty cell means, such as "
            '"" = "present" for a status; a mark may also say missed, exempt or deferred',
        ),
    ),
    Rule(
        "DR104",
        "wrong_type",
        Text(zh="值的类型不对", en="A value is not of the column's type"),
        Text(
            zh="数值列只写数字；等第（A、优、合格）在映射文件的 [words.score] 中写明分数",
            en="write numbers only in columns of numbers, whole numbers where days are counted; give a word "
            "(A, merit, pass) its points under [words.score] in the mapping",
        ),
    ),
    Rule(
        "DR105",
        "unparsable_date",
        Text(zh="日期无法识别", en="A date cannot be read"),
        Text(
            zh="写成 2024-09-01、2024/9/1 或 2024年9月1日；"
            "其他写法在映射文件中用 dates 写明（dmy、mdy、ymd、serial）",
            en="write it as 2024-09-01, or say in the mapping how dates are written: "
            'dates = "dmy" for 03/04/2024, "mdy", "ymd" for 24-4-3, "serial" for the numbers of spreadsheets',
        ),
    ),
    Rule(
        "DR106",
        "future_date",
        Text(zh="日期在今天之后", en="A date lies after today"),
        Text(
            zh="更正日期，或用 today 指明数据截至的日期",
            en="correct it, or give today= the day the records were drawn",
        ),
    ),
    Rule(
        "DR107",
        "unknown_word",
        Text(zh="词语无法识别", en="A word is not one of those allowed"),
        Text(zh="在映射文件的 [words] 中写明它的含义", en="say what it means under [words] in the mapping"),
    ),
    Rule(
        "DR108",
        "score_over_max",
        Text(zh="分数高于满分", en="A score lies above max_score"),
        Text(
            zh="更正分数或满分；附加分超过满分五分之一时在映射文件中用 bonus 写明",
            en="correct the score or max_score; declare a bonus of more than a fifth as bonus in the mapping",
        ),
    ),
    Rule(
        "DR109",
        "negative_number",
        Text(zh="数值为负", en="A number that cannot be negative is"),
        Text(
            zh="更正数值；未知或缺考不要写成负数",
            en="correct it; write neither a missed exam nor a value that is not known as a negative number",
        ),
    ),
    Rule(
        "DR110",
        "max_score_not_positive",
        Text(zh="满分不是正数", en="max_score is not above zero"),
        Text(zh="填写该次考试的满分", en="give the exam's highest possible score"),
    ),
    Rule(
        "DR111",
        "not_finite",
        Text(zh="数值为无穷大", en="A number is infinite"),
        Text(zh="更正数值，没有时留空", en="correct it, or leave it empty where there is none"),
    ),
    Rule(
        "DR112",
        "duplicate_row",
        Text(zh="重复的行，保留一行", en="The same row stands more than once; one of them is used"),
        Text(zh="删除重复的行", en="remove the copies"),
    ),
    Rule(
        "DR113",
        "contradicting_rows",
        Text(
            zh="同一键的行内容互相矛盾，全部未使用",
            en="Rows of one key contradict each other; none of them is used",
        ),
        Text(
            zh="保留正确的一行；更正请用不同的 recorded_on（登记日期）",
            en="keep the right one; a correction carries its own recorded_on",
        ),
    ),
    Rule(
        "DR114",
        "unknown_pupil",
        Text(zh="学生不在学生表中", en="A pupil has no row in students"),
        Text(
            zh="在学生表中补上该生，或核对学号",
            en="add the pupil to students, or check the id",
        ),
    ),
    Rule(
        "DR115",
        "pupil_set_apart",
        Text(zh="该生在学生表中的行未被使用", en="The pupil's own row in students was set apart"),
        Text(zh="先更正学生表", en="mend the row in students first"),
    ),
    Rule(
        "DR116",
        "before_enrolment",
        Text(zh="事件早于入学", en="An outcome lies before the pupil's enrolment"),
        Text(zh="更正事件日期或入学日期", en="correct the date of the outcome or enrolled_on"),
    ),
    Rule(
        "DR117",
        "overlapping_periods",
        Text(zh="同一家庭因素的时段重叠", en="A period of a family factor overlaps one known before it"),
        Text(zh="填写前一时段的 valid_to（终止日期）", en="close the earlier period with valid_to"),
    ),
    Rule(
        "DR118",
        "period_reversed",
        Text(zh="时段的终止早于起始", en="A period ends before it begins"),
        Text(zh="更正起止日期", en="correct its first or its last day"),
    ),
    Rule(
        "DR119",
        "more_absent_than_enrolled",
        Text(zh="缺勤天数多于应出勤天数", en="More days absent than days enrolled"),
        Text(zh="更正天数", en="correct the days"),
    ),
    Rule(
        "DR120",
        "recorded_before_date",
        Text(
            zh="登记日期早于发生日期，按发生日期处理",
            en="A row was recorded before its date; its date is used instead",
        ),
        Text(zh="更正登记日期", en="correct recorded_on"),
        "warning",
    ),
    Rule(
        "DR121",
        "left_before_enrolled",
        Text(zh="离校日期早于入学日期", en="A pupil left before enrolling"),
        Text(zh="更正 left_on 或 enrolled_on", en="correct left_on or enrolled_on"),
    ),
    Rule(
        "DR122",
        "no_school_day",
        Text(zh="校历中该日不上课", en="Attendance on a day that the calendar does not list as a school day"),
        Text(
            zh="更正日期，或在校历中补上该上课日；校历只列放假和补课日时，在映射文件中写明"
            ' [calendar] week = "weekdays"',
            en="correct the date, or add the day to the calendar with is_school_day; if the calendar lists "
            'exceptions only, say week = "weekdays" under [calendar] in the mapping',
        ),
    ),
    Rule(
        "DR123",
        "unknown_file",
        Text(zh="文件名无法识别，未读取", en="A file or folder names no table and is not read"),
        Text(
            zh="改名，或在映射文件的 [tables] 中写明",
            en="rename it, or name it under [tables] in the mapping",
        ),
        "warning",
    ),
    Rule(
        "DR124",
        "broken_line",
        Text(
            zh="行的字段数与表头不符，或引号未闭合",
            en="A line does not have as many fields as the header, or leaves a quote open",
        ),
        Text(
            zh="含逗号或换行的值要加引号，并闭合引号",
            en="put values that hold a comma or a line break in quotes, and close each quote",
        ),
    ),
    Rule(
        "DR125",
        "file_not_read",
        Text(
            zh="文件以表为名，但这种文件不能读取",
            en="A file named after a table is of a kind that is not read",
        ),
        Text(
            zh="另存为 CSV 或 .xlsx；不需要时把文件名写入映射文件的 ignored",
            en="save it as CSV or .xlsx, or list its name under ignored in the mapping",
        ),
    ),
    Rule(
        "DR126",
        "sheet_not_read",
        Text(zh="工作簿中的一张工作表未读取", en="A sheet of a workbook is not read"),
        Text(
            zh="以表命名该工作表，或与本文件的表使用相同的表头；不需要时把工作表名写入 ignored",
            en="name it after its table, or give it the headers of the file's table; "
            "list its name under ignored in the mapping if it is not needed",
        ),
        "warning",
    ),
    Rule(
        "DR127",
        "lines_above_headers",
        Text(zh="表头上方有其他内容，已跳过", en="Lines above the line of headers are passed over"),
        Text(
            zh="核对表头所在的行，或删除其上方的行",
            en="see that these are the headers, or take out the lines above them",
        ),
        "warning",
    ),
    Rule(
        "DR128",
        "doubtful_encoding",
        Text(
            zh="按此编码读出的文字不像正常文字",
            en="The text of a file is doubtful in the encoding it is read in",
        ),
        Text(
            zh="在映射文件的 encoding 中为该表或该文件写明编码",
            en="name the encoding of this table or file under encoding in the mapping",
        ),
        "warning",
    ),
    Rule(
        "DR129",
        "rounded_numbers",
        Text(
            zh="工作簿中16位以上的数字按数值保存，末几位已丢失",
            en="A workbook holds numbers of 16 digits or more as numbers: their last digits are lost",
        ),
        Text(
            zh="从原系统重新导出，并把该列设为文本格式",
            en="export again from where it came, with the column formatted as text",
        ),
        "warning",
    ),
    Rule(
        "DR130",
        "no_pupil_row",
        Text(
            zh="合计、表头或示例行，不是学生的行",
            en="A row of totals, of headers or of an example stands where a pupil's should",
        ),
        Text(zh="删除该行", en="take the row out"),
    ),
    Rule(
        "DR131",
        "copy_or_template",
        Text(
            zh="文件名像是副本、备份或模板",
            en="A file looks like a copy, a backup or a template, by its name or because it equals another",
        ),
        Text(
            zh="不需要时移出文件夹；其中有自己的行时请改名",
            en="move it out of the folder, or rename it if it has rows of its own",
        ),
        "warning",
    ),
    Rule(
        "DR132",
        "changed_cells",
        Text(
            zh="工作簿中有些单元格的内容不是所见或所填的值",
            en="Some cells of a workbook do not hold what was typed or is shown",
        ),
        Text(
            zh="把该列设为文本格式后重新填写或导出",
            en="format the column as text and type or export it again",
        ),
        "warning",
    ),
    Rule(
        "DR135",
        "unknown_family_value",
        Text(
            zh="家庭因素的取值无法识别，按未填处理，该行保留",
            en="A value is not one of its family factor's; it is left empty and the row stays",
        ),
        Text(
            zh="写是、否、不详，或该因素的代码；或在映射文件的 [words.value] 中写明",
            en="write yes, no, unknown or a code of the factor, or say what it means under [words.value]",
        ),
        "warning",
    ),
    Rule(
        "DR136",
        "cohort_year",
        Text(zh="年级写成了入学年份", en="A grade level is a year of entry"),
        Text(
            zh="写年级（7、七年级、初一），或在映射文件中写明入学时的年级（例如 cohort_enters = 7）",
            en="write the grade level, or say in the mapping in which level pupils enter: cohort_enters = 7",
        ),
    ),
    Rule(
        "DR137",
        "implausible_number",
        Text(zh="数值超出可能的范围", en="A number is larger than can be"),
        Text(
            zh="更正数值；表示“不详”的代码（999、9999）留空；"
            '距离以米计时在映射文件中写 [units] distance_km = "m"',
            en="correct it; leave a code for not known (999, 9999) empty; distances in metres are declared "
            'as distance_km = "m" under [units] in the mapping',
        ),
    ),
    Rule(
        "DR138",
        "no_incident",
        Text(zh="该行说明没有处分或违纪", en="A row says that there was no incident"),
        Text(
            zh="删去该行：没有行就表示没有",
            en="leave such rows out: a pupil without a row has had none",
        ),
    ),
    Rule(
        "DR139",
        "bonus_mark",
        Text(
            zh="分数因附加分高于满分，按满分计",
            en="A mark lies above max_score by a bonus; it counts as full marks",
        ),
        Text(zh="没有附加分时更正分数或满分", en="where there is no bonus, correct the score or max_score"),
        "warning",
    ),
    Rule(
        "DR140",
        "doubtful_unit",
        Text(
            zh="数值像是用了另一种单位：分数远低于满分，或多数距离超过50公里",
            en="Numbers look as if they were in another unit: marks far below max_score, or most distances "
            "above 50 km",
        ),
        Text(
            zh="核对单位：0.65 表示 65% 时满分写 1，绩点的满分写 4 或 5；"
            '距离以米计时在映射文件中写 [units] distance_km = "m"',
            en="check the unit: max_score is 1 where 0.65 means 65 %, and 4 or 5 for grade points; distances "
            'in metres are declared as distance_km = "m" under [units] in the mapping',
        ),
        "warning",
    ),
    Rule(
        "DR141",
        "mark_of_no_exam",
        Text(
            zh="标明缺考、免考或缓考，却有分数，按分数计",
            en="An exam that was not taken has a mark; the mark counts",
        ),
        Text(zh="更正分数或考试状态", en="correct the score, or the column taken"),
        "warning",
    ),
    Rule(
        "DR142",
        "unknown_meaning",
        Text(zh="词语不在特征所用的词之中", en="A word is not one that the features look for"),
        Text(
            zh="核对写法，或在映射文件的 [words] 中写明它的含义",
            en="check how it is written, or say what it means under [words] in the mapping",
        ),
        "warning",
    ),
    Rule(
        "DR143",
        "words_alike",
        Text(
            zh="名称只在大小写、全半角、空格或连字符上不同，按不同的名称处理",
            en="Names differ only in case, width, spaces or hyphens, and count as different ones",
        ),
        Text(
            zh="统一写法，或在映射文件的 [words] 中写明",
            en="write them in one way, or map one to the other under [words] in the mapping",
        ),
        "warning",
    ),
    Rule(
        "DR144",
        "unused_entry",
        Text(zh="映射文件中的条目没有用上", en="An entry of the mapping applies to nothing here"),
        Text(
            zh="核对表头、文件名的写法，或删去该条目",
            en="check how the header or file is written, or remove the entry",
        ),
        "warning",
    ),
    Rule(
        "DR145",
        "calendar_of_exceptions",
        Text(
            zh="校历只列放假和补课日：有出勤记录的日子之间（相隔不超过一周），其余周一至周五均作上课日",
            en="The calendar lists exceptions only (days off, make-up days): between days with attendance, "
            "at most a week apart, all other weekdays are taken as school days",
        ),
        Text(
            zh='在映射文件 [calendar] 中写明：week = "weekdays"（周一至周五）、"china"（并按国家节假日和'
            '调休）或 "listed"（只有列出的日子上课）；或列出每个上课日',
            en='confirm it under [calendar] in the mapping: week = "weekdays", "china" (with public holidays '
            'and make-up workdays) or "listed" (no other day is a school day); or list every school day',
        ),
        "warning",
    ),
    Rule(
        "DR146",
        "calendar_of_unknown_school",
        Text(
            zh="校历中的学校没有任何学生，这些行不起作用",
            en="A school of the calendar is one that no pupil attends; its rows apply to nobody",
        ),
        Text(
            zh="核对学生表和校历中学校的写法（编号、空格、文件编码）；本来不在这批数据中的学校可以不管",
            en="write the school as students has it (number or name, spaces, the file's encoding), unless it "
            "is one whose pupils are not in these records",
        ),
        "warning",
    ),
    Rule(
        "DR147",
        "school_without_calendar",
        Text(
            zh="校历按学校列出，却没有某些学校；这些学校的上课日只能从出勤得知",
            en="The calendar names schools, but not one that pupils attend: its school days are only known "
            "from attendance",
        ),
        Text(
            zh="补上该校的校历，或核对学校的写法；适用于所有学校的行，学校一栏留空",
            en="add its days, or write the school as students has it; a row without a school is for all",
        ),
        "warning",
    ),
    Rule(
        "DR148",
        "attendance_beside_the_week",
        Text(
            zh="有出勤的日子既未在校历中列出，也不在平常的上课周内，按上课日处理",
            en="There is attendance on days that are neither listed nor days of the ordinary week; they are "
            "taken as school days",
        ),
        Text(
            zh="补课日请列入校历（上课），不上课的日子列为放假，更正日期，或在映射文件 [calendar] 中"
            "另选 week",
            en="list them in the calendar as open or as closed, correct the dates, or choose another week "
            "under [calendar] in the mapping",
        ),
        "warning",
    ),
    Rule(
        "DR150",
        "outcomes_on_one_day",
        Text(
            zh="同一学生同一天有几个去向，全部使用：先辍学，后返校；辍学仍算辍学",
            en="A pupil has several outcomes on one day; all are used, a return after a dropout, and the "
            "dropout still counts as one",
        ),
        Text(
            zh="有误的一行请删除；不在同一天的请更正日期",
            en="remove the one that is wrong, or correct its date where they were not on the same day",
        ),
        "warning",
    ),
    Rule(
        "DR151",
        "contradicting_undated",
        Text(
            zh="同一键的行内容互相矛盾，全部未使用",
            en="Rows of one key contradict each other; none of them is used",
        ),
        Text(zh="保留正确的一行，删除其余", en="keep the right one and remove the others"),
    ),
    Rule(
        "DR152",
        "shared_id",
        Text(
            zh="同一学号的几行内容不同，又不是前后相接的在籍时段，可能是两名学生，全部未使用",
            en="Rows of one id differ and are no spells of enrolment one after the other: they may be two "
            "pupils, and none of them is used",
        ),
        Text(
            zh="两名学生：各用各的学号（长学号在电子表格中要存为文本，否则只保留15位；"
            "各校自行编号的，在每张表的学号前加上学校；"
            "有另一列学号的，在映射文件的 [columns.students] 中写明用哪一列）；"
            "同一学生转学、转班或返校：每行填写 enrolled_on 和 left_on（入学、离校日期），或只保留现在的一行",
            en="two pupils: give each its own id (a spreadsheet keeps 15 digits of a number: write long ids "
            "as text; where each school numbers its own pupils, put the school before the number in every "
            "table; another column of ids is named under [columns.students] in the mapping); one pupil who "
            "moved or returned: give each row enrolled_on and left_on, or keep only the present row",
        ),
    ),
    Rule(
        "DR153",
        "overlapping_spells",
        Text(
            zh="同一学生在同一学校的在籍时段重叠，自后一时段开始之日起按后一时段处理",
            en="Spells of enrolment of one pupil overlap; the later one counts from its first day on",
        ),
        Text(zh="填写前一时段的 left_on（离校日期）", en="close the earlier spell with left_on"),
        "warning",
    ),
    Rule(
        "DR154",
        "between_spells",
        Text(
            zh="日期在两段在籍时段之间，该生当时不在校",
            en="Attendance between two spells of enrolment, when the pupil was not at school",
        ),
        Text(
            zh="更正日期，或更正学生表中的 left_on、enrolled_on",
            en="correct the date, or left_on and enrolled_on of the pupil's rows in students",
        ),
    ),
    Rule(
        "DR155",
        "rounded_id",
        Text(
            zh="学号像是被电子表格取整：写成科学计数法，或末几位都是0（数字只保留15位）",
            en="Ids look rounded by a spreadsheet, which keeps 15 digits of a number: they are written as "
            "1.23E+17, or end in zeros",
        ),
        Text(
            zh="从原系统重新导出，学号列存为文本；取整后的学号无法还原，两名学生可能变成一名",
            en="export them again with the column of ids as text; what was rounded off cannot be brought "
            "back, and two pupils may have become one",
        ),
    ),
    Rule(
        "DR156",
        "id_written_otherwise",
        Text(
            zh="学号与学生表中的另一学号只差写法（前导0、末尾.0、大小写、全半角或空格），不视为同一学生",
            en="An id differs from one in students only in leading zeros, a final .0, capital letters, width "
            "or blanks; they are not taken for one pupil",
        ),
        Text(
            zh="各表中同一学生的学号写法一致，存为文本（电子表格会去掉前导0，或加上.0）",
            en="write the ids of a pupil alike in all tables, as text (a spreadsheet takes leading zeros "
            "away and may add .0)",
        ),
    ),
    Rule(
        "DR157",
        "time_of_day",
        Text(
            zh="日期都带同一个非零点的时刻，像是以 UTC 写出的当地零点：每个日期都可能早一天",
            en="All dates have one time of day other than midnight, as local midnights written in UTC "
            "have: every date may be one day early",
        ),
        Text(
            zh='在映射中写明时区 zone = "Asia/Shanghai"；时刻本是当地时间时写 zone = "local"',
            en='name the school\'s time zone in the mapping, zone = "Asia/Shanghai", or write zone = "local" '
            "if these are its own times",
        ),
        "warning",
    ),
    Rule(
        "DR158",
        "shifted_week",
        Text(
            zh="考勤从周日到周四（或周二到周六）：每个日期都可能差一天",
            en="The register runs Sunday to Thursday (or Tuesday to Saturday): every date may be one day off",
        ),
        Text(
            zh="若由 UTC 时刻得来，导出时改用当地日期，或在映射文件中写明 zone；"
            '学校确实如此上课时写 zone = "local"',
            en="if the dates were made from times in UTC, export the school's own days, or keep the times "
            'and name zone in the mapping; if this is the school\'s week, write zone = "local"',
        ),
        "warning",
    ),
    Rule(
        "DR159",
        "lone_date",
        Text(
            zh="日期远离该表其他所有日期，疑为误写，未使用",
            en="A date lies far from all others of the table, as a mistyped year or month does; "
            "the row is not used",
        ),
        Text(zh="更正年份或月份", en="correct the year or the month"),
    ),
    Rule(
        "DR160",
        "before_enrolled",
        Text(
            zh="记录早于该生入学，不计入",
            en="A row lies before the day on which the pupil was enrolled, and does not count",
        ),
        Text(
            zh="删除该行，或更正学生表中的入学日期 enrolled_on",
            en="remove it, or correct enrolled_on in students",
        ),
    ),
    Rule(
        "DR161",
        "more_days_than_period",
        Text(zh="天数多于该时段的天数", en="More days than the period from period_start to period_end has"),
        Text(
            zh="更正天数；未知时留空，不要写 999",
            en="correct the days or the period; leave days that are not known empty rather than 999",
        ),
    ),
    Rule(
        "DR162",
        "code_for_unknown",
        Text(
            zh="数值像是表示“未知”的代码（如 999、9999）",
            en='A number looks like a code for "not known", such as 999 or 9999',
        ),
        Text(
            zh="未知时留空；必填的列未知时不写该行",
            en="leave the value empty where it is not known, or the row out where the column must be filled",
        ),
    ),
    Rule(
        "DR163",
        "overlapping_totals",
        Text(
            zh="同一学生的统计时段互相重叠（如周表与月表、或累计表）：每天只计一次，以最长的时段为准",
            en="Periods of one pupil share days, as sheets of weeks beside that of the month or running "
            "totals: each day is counted once, by the longest period",
        ),
        Text(
            zh="只保留一种时段的表；累计数改为各时段自己的天数",
            en="keep one kind of sheet, with the days of each period alone",
        ),
        "warning",
    ),
    Rule(
        "DR164",
        "accumulating_totals",
        Text(
            zh="所有学生的缺勤天数逐期只增不减，像是累计数",
            en="No pupil's days_absent ever falls from one period to the next, as running totals do",
        ),
        Text(
            zh="填写各时段自己的天数；若为累计数，period_start 写累计开始的日期",
            en="give the days of each period alone, or, if they run on, the day on which they began as "
            "period_start",
        ),
        "warning",
    ),
    Rule(
        "DR165",
        "leave_beside_absence",
        Text(
            zh="请假天数多于缺勤天数：缺勤天数应包含请假",
            en="More days_excused than days_absent, which has to hold them",
        ),
        Text(
            zh='若整个表的缺勤天数不含请假，在映射文件中写 leave_days = "beside"；否则更正天数',
            en='if the whole table counts leave beside absence, write leave_days = "beside" in the mapping; '
            "else correct the days",
        ),
    ),
    Rule(
        "DR166",
        "lesson_beside_day",
        Text(
            zh="同一天既有整天的记录又有各节课的记录：以整天为准，各节课不计",
            en="A day has a row of its own beside rows of its sessions; the row of the day counts, not "
            "this one",
        ),
        Text(
            zh="每天只留整天的一行，或只留各节课的行",
            en="keep the rows of the day or those of its sessions, not both",
        ),
    ),
    Rule(
        "DR167",
        "year_cut_in_term",
        Text(
            zh="学年起始日（默认8月1日）前后学校都在上课：学年可能从别的日期开始",
            en="School goes on over the day on which the school year is said to begin (1 August unless "
            "declared): it may begin on another",
        ),
        Text(
            zh='用 year_start 参数或在映射文件中写明学年起始日，如 year_start = "02-01"',
            en='say when it begins, with the argument year_start or in the mapping: year_start = "02-01"',
        ),
        "warning",
    ),
    Rule(
        "DR168",
        "after_left",
        Text(
            zh="记录晚于该生离校，不计入",
            en="A row lies after the day on which the pupil left, and does not count",
        ),
        Text(
            zh="删除该行，或更正学生表中的离校日期 left_on",
            en="remove it, or correct left_on in students",
        ),
    ),
    Rule(
        "DR170",
        "absences_only",
        Text(
            zh="考勤只登记缺勤，几乎没有一行写出勤：照此计算，每个有记录的学生都是天天缺勤，"
            "所以整校的考勤均未使用",
            en="The register names absences only: hardly any row of the school says that somebody was "
            "present, so that every listed pupil would be absent all the time; none of its rows is used",
        ),
        Text(
            zh='确为缺勤登记的，在映射文件中写 unrecorded = "present"（没有记录的上课日即出勤）；'
            '每人每天都应有记录的，补上出勤的行；确实无人到校的，写 unrecorded = "unknown"',
            en='if it lists absences only, declare unrecorded = "present" in the mapping (a school day '
            "without a row then counts as present); if everybody should have a row each day, add the "
            'rows of those who were there; if really nobody came, declare unrecorded = "unknown"',
        ),
    ),
    Rule(
        "DR171",
        "presence_without_school_days",
        Text(
            zh="已声明没有记录即出勤，但不知道哪些日子上课，该校的考勤未使用",
            en="Days without a row are declared to be days at school, but nothing says which days are school "
            "days; no row of the school is used",
        ),
        Text(
            zh='提供校历（calendar 表），或在映射文件 [calendar] 中写 week = "weekdays" 或 "china"；'
            "请求：服务的校历须列出该校的上课日",
            en='give a calendar table, or say week = "weekdays" (or "china") under [calendar] in the '
            "mapping; for a request, the service's calendar must list the school's days",
        ),
    ),
    Rule(
        "DR172",
        "presence_of_sessions",
        Text(
            zh="已声明没有记录即出勤，但考勤按节次登记：不知道一天有几节，该校的考勤未使用",
            en="Days without a row are declared to be days at school, but absences are listed by session: "
            "nobody knows how many sessions a day has; no row of the school is used",
        ),
        Text(
            zh="每天合并为一行：缺了一半及以上节次的写缺勤，其余不写，节次一栏留空",
            en="write one row a day, absent where at least half of the day's sessions were missed, and leave "
            "the session empty",
        ),
    ),
    Rule(
        "DR173",
        "declared_school_unknown",
        Text(
            zh="unrecorded 中写的学校没有任何学生，该声明不起作用",
            en="A school named under unrecorded is one that no pupil attends, so that the declaration never "
            "applies",
        ),
        Text(
            zh="按学生表的写法写学校；适用于所有学校的写 all",
            en="write the school as students has it, or all for every school",
        ),
    ),
    Rule(
        "DR174",
        "mostly_absences",
        Text(
            zh="大多数行不是出勤，而多数学生在多数日子没有记录：这可能是只登记缺勤的考勤",
            en="Most rows of the school are no presence, and most of its pupils have no row on most days: "
            "this may be a register of absences only",
        ),
        Text(
            zh='确为缺勤登记的，在映射文件中写 unrecorded = "present"；不是的，写 unrecorded = "unknown"，'
            "并补上漏登的日子",
            en='if it lists absences only, declare unrecorded = "present" in the mapping; if not, declare '
            'unrecorded = "unknown" and add the days that were not handed in',
        ),
        "warning",
    ),
    Rule(
        "DR180",
        "outcomes_end_early",
        Text(
            zh="学籍变动比考勤早结束一个月以上，又没有声明登记到哪一天为止：各校按最后一个正常出勤日"
            "与最后一条变动中较早的一天计算，此后无人算作“留在学校”",
            en="Outcomes end over a month before attendance, and nobody declares up to which day they are "
            "complete: nobody counts as having stayed after a school's last outcome or well-attended day",
        ),
        Text(
            zh="在映射文件中写 outcomes_to = 2025-06-30，或用参数 outcomes_to 指明；只评分不训练时可不写",
            en="write outcomes_to = 2025-06-30 in the mapping, or give outcomes_to= when reading; scores do "
            "without it, labels and training do not",
        ),
        "warning",
    ),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}


# --- The report: every problem at once, with the rules it names ---


@dataclass(frozen=True)
class Problem:
    """One line of the report: a rule, where it fired and how often.

    ``first_row`` is the first of the ``rows`` affected, counted from 1 without the header, in ``file`` (empty
    for a frame); None where no row is concerned. An error set the rows apart, a warning did not. ``detail``
    names columns or files, never a value.
    """

    table: str
    column: str
    rule: Rule
    rows: int
    first_row: int | None
    file: str
    severity: Severity
    detail: str = ""

    def message(self, language: Language = "en") -> str:
        """Say what is wrong."""
        return self.rule.message.to(language)

    def hint(self, language: Language = "en") -> str:
        """Say the way out."""
        hint = self.rule.hint.to(language)
        return f"{self.detail}; {hint}" if self.detail else hint


@dataclass(frozen=True)
class Counts:
    """Rows of one table: ``read`` is always ``used`` plus ``set_apart``."""

    read: int
    used: int
    set_apart: int


_COLUMNS = ("table", "column", "rule", "name", "severity", "rows", "first_row", "file", "message", "hint")


@dataclass(frozen=True, repr=False)
class CheckReport:
    """Every problem of the school records at once, without any pupil's value; with counts and files by table.

    >>> CheckReport((), {"students": Counts(read=2, used=2, set_apart=0)}).ok
    True
    """

    problems: tuple[Problem, ...]
    counts: Mapping[str, Counts]
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing had to be set apart (warnings may remain)."""
        return not any(problem.severity == "error" for problem in self.problems)

    def frame(self, language: Language = "en") -> pd.DataFrame:
        """Give one row per problem, with its rule, the rows affected and the way out."""
        import pandas as pd

        rows = [
            (p.table, p.column, p.rule.code, p.rule.name, p.severity, p.rows, p.first_row, p.file,
             p.message(language), p.hint(language))
            for p in self.problems
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"rows": "int64", "first_row": "Int64"})

    def summary(self, language: Language = "en") -> pd.DataFrame:
        """Give one row per table: rows read, used and set apart."""
        import pandas as pd

        names = Text(zh="读取 使用 未使用", en="read used set_apart").to(language).split()
        rows = [(c.read, c.used, c.set_apart) for c in self.counts.values()]
        return pd.DataFrame(rows, columns=names, index=pd.Index(list(self.counts), name="table"))

    def text(self, language: Language = "en") -> str:
        """Give the counts per table and one line per problem, for a terminal."""
        counts = [
            _COUNTED.fill(language, table=name, **asdict(count)) + self._read_from(name, language)
            for name, count in self.counts.items()
        ]
        return "\n".join([*counts, *(_problem_line(problem, language) for problem in self.problems)])

    def _read_from(self, table: str, language: Language) -> str:
        """Name the files of a table where there are several."""
        files = self.files.get(table, ())
        if len(files) < 2:
            return ""
        more = len(files) - _MOST_FILES
        names = ", ".join(files[:_MOST_FILES]) + (f" (+{more})" if more > 0 else "")
        return _READ_FROM.fill(language, files=names)

    def __str__(self) -> str:
        """Give the counts per table and one line per problem, in English."""
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Show the counts and the problems as two tables in a notebook."""
        if not self.problems:
            return str(self.summary().to_html())
        problems = self.frame().astype({"first_row": "string"}).fillna("")
        return str(self.summary().to_html()) + str(problems.to_html(index=False))


_COUNTED = Text(
    zh="{table}：读取{read}行，使用{used}行，未使用{set_apart}行",
    en="{table}: {read} read, {used} used, {set_apart} set apart",
)
_READ_FROM = Text(zh="（{files}）", en=" ({files})")
_MOST_FILES = 9
_SEVERITIES = {"error": Text(zh="错误", en="error"), "warning": Text(zh="提醒", en="warning")}
_ROWS = Text(
    zh="（{rows}行，首见于数据第{first}行{file}）", en=" ({rows} rows, first data row {first}{file})"
)
_FILE = Text(zh="，文件{file}", en=" in {file}")
_LINE = Text(
    zh="[{code}] {severity} {where}：{message}{place}。处理办法：{hint}。",
    en="[{code}] {severity} {where}: {message}{place}. Hint: {hint}.",
)


def _problem_line(problem: Problem, language: Language) -> str:
    file = _FILE.fill(language, file=problem.file) if problem.file else ""
    place = file
    if problem.first_row is not None:
        place = _ROWS.fill(language, rows=problem.rows, first=problem.first_row, file=file)
    return _LINE.fill(
        language,
        code=problem.rule.code,
        severity=_SEVERITIES[problem.severity].to(language),
        where=f"{problem.table}.{problem.column}" if problem.column else problem.table,
        message=problem.message(language),
        place=place,
        hint=problem.hint(language),
    )
