"""When something is worth a log line."""

from respan_langchain.delivery.reporting import MAX_SUBJECTS, Notices


def test_the_first_is_said_at_once_and_the_rest_with_their_number_a_minute_later():
    notices = Notices(interval=60.0)

    said = [notices.count_to_say("dropped", now, count=5) for now in (0.0, 1.0, 59.0, 60.0, 61.0)]

    assert said == [5, None, None, 15, None]


def test_subjects_do_not_silence_each_other():
    notices = Notices(interval=60.0)
    notices.count_to_say("dropped", 0.0)

    assert notices.count_to_say("rejected", 0.0) == 1


def test_more_subjects_than_can_be_remembered_are_said_all_the_same():
    notices = Notices(interval=60.0)
    for number in range(MAX_SUBJECTS + 1):
        notices.count_to_say(f"subject {number}", 0.0)

    assert notices.count_to_say(f"subject {MAX_SUBJECTS}", 1.0) == 1
    assert notices.count_to_say("subject 0", 1.0) is None
