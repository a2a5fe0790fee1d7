"""Names that no page may run, the pages that tests open, and a tab that is watched."""

from dropout_risk.pages.links import pupil_page_name, school_page_name

AS_OF = "2025-06-02"
EVIL = "<script>alert(1)</script>" + 40 * "W"
EVIL_SCHOOL = '"><img src=x onerror=alert(2)>' + 60 * "W"
PUPIL = pupil_page_name(EVIL)
PAGES = ("index.html", "cohort.html", "model.html", PUPIL, school_page_name(EVIL_SCHOOL))


class Watched:
    """A browser's page with everything it asked for and complained about."""

    def __init__(self, page):
        self.page, self.asked, self.said = page, [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
