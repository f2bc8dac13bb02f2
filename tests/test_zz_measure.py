import random, time
from collections import Counter
import pytest
from tests.database.test_senders import *
from tests.database.test_senders import start_sender
pytestmark = pytest.mark.django_db(transaction=True)
del test_worker_and_beat_send_what_is_due_untouched, test_sweep_hands_out_ids_to_the_worker, test_sweep_without_a_broker_sends_by_itself, test_sweep_with_a_broker_that_is_gone_sends_by_itself, test_sending_a_message_that_is_not_to_be_sent_does_nothing, test_senders_killed_at_their_work_lose_nothing
def test_measure(smtp_sink, senders, tmp_path):
    book_for_new_patients(200)
    smtp_sink.delay=0.03
    log=tmp_path/"s.log"
    senders += [start_sender(log) for _ in range(3)]
    r=random.Random(7); kills=15
    for n in range(1,kills+1):
        programs.until(lambda: len(smtp_sink.received)>=10*n, seconds=90)
        v=senders.pop(r.randrange(3)); v.kill(); v.wait(); senders.append(start_sender(log))
    programs.until(lambda: not queries.claimable_ids(1), seconds=90)
    t=time.monotonic()
    leash.stop(senders)
    stuck=Message.across_clinics.filter(state="sending").count()
    Message.across_clinics.filter(state="sending").update(lease_until=timezone.now()-HOUR)
    while m:=actions.claim_one(): actions.send(m,m.fence)
    c=Counter(str(x.message["Message-ID"]) for x in smtp_sink.received)
    print("FIG", states(), "lost", 200-len(c), "dups", sum(c.values())-200, "max", max(c.values()), "kills", kills, "stuck", stuck)
def test_speed(smtp_sink, senders, tmp_path):
    book_for_new_patients(300)
    t=time.monotonic(); actions.derive(now=timezone.now()); d=time.monotonic()-t
    t=time.monotonic(); print(tasks.send_due()); s=time.monotonic()-t
    t=time.monotonic(); actions.derive(now=timezone.now()); i=time.monotonic()-t
    print("FIG derive 300", round(d,3), "send 300", round(s,2), "idle", round(i,4))
