"""Without a store there is nothing to review, and the service says how to switch it on."""


def test_without_a_store_every_page_says_how_to_switch_it_on(client):
    for path in ("/review", "/review/model", "/review/pupil/p-1", "/review/school/s-1"):
        reply = client.get(path)
        assert reply.status_code == 404
        assert "DROPOUT_RISK_STORE" in reply.text
        assert reply.headers["content-type"].startswith("text/html")


def test_pages_are_only_asked_for(client):
    assert client.post("/review").status_code == 405


def test_a_slash_at_the_end_leads_to_the_page_without_one(client):
    reply = client.get("/review/", params={"lang": "en"}, follow_redirects=False)

    assert (reply.status_code, reply.headers["location"]) == (308, "../review?lang=en")
    assert client.get("/review/").url.path == "/review"
