"""The catalogue that is used where none is passed."""

from __future__ import annotations

from dropout_risk.catalogue.attendance import ATTENDANCE
from dropout_risk.catalogue.family import FAMILY
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.grades import GRADES
from dropout_risk.catalogue.psychology import PSYCHOLOGY


def default_catalogue() -> FeatureCatalogue:
    """Give the features of attendance, grades, psychology and family that come with the library.

    Returns
    -------
    FeatureCatalogue
        A new value each time; add your own with :meth:`FeatureCatalogue.with_features`.

    Examples
    --------
    >>> catalogue = default_catalogue()
    >>> catalogue["absence_share_year"].describe(0.12, "en")
    'Absent on 12% of school days this year'
    >>> catalogue["class_z_last_200d"].describe(-0.8, "zh")
    '各科最近一次考试低于全班平均0.8个标准差'
    """
    return FeatureCatalogue((*ATTENDANCE, *GRADES, *PSYCHOLOGY, *FAMILY))
