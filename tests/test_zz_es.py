import json
def test_a(es_url, es_prefix):
    from servers.server import ask
    ask(f"{es_url}/_index_template/{es_prefix}-t","PUT",body={"index_patterns":[es_prefix+"*"],"template":{"settings":{"number_of_replicas":0}}})
    ask(f"{es_url}/{es_prefix}-1/_doc?refresh=true","POST",body={"a":1})
    assert ask(f"{es_url}/{es_prefix}*/_count")["count"]==1
def test_kill(elasticsearch_to_kill, es_prefix):
    from servers.server import ask
    s=elasticsearch_to_kill
    ask(f"{s.url}/{es_prefix}-1/_doc","POST",body={"a":1})
    u=s.url
    s.kill(); s.start(); assert s.url==u
    ask(f"{s.url}/{es_prefix}-1/_refresh","POST")
    assert ask(f"{s.url}/{es_prefix}*/_count")["count"]==1
