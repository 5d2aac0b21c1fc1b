"""The bar: what delivery promises, and the tests that hold each promise.

H: the app is not harmed. M: memory. W: the wire. L: the life of a process. D: the disk. S: secrets
and sums. A test is named by its file and a part of its name, which may be a case of `cases.py`.
"""

BAR: dict[str, list[str]] = {
    "H1 nothing raises into the app": [
        "callbacks/test_app_unharmed no_callback_raises",
        "faults/cases U 11",
    ],
    "H2 capturing waits for nothing": ["faults/apps/odd quietly", "faults/cases R server"],
    "H3 it may be re-entered": [
        "faults/cases X events",
        "faults/cases Y events",
        "faults/apps/odd weakly",
        "faults/apps/odd loudly",
    ],
    "H4 a fork is fast and never deadlocks": [
        "delivery/test_fork_safety the_hooks_of_a_fork_are_fast",
        "delivery/test_exit_hooks forks_under_load",
        "faults/test_forks fifty_moments_of_the_first_second",
        "delivery/test_exit_hooks forked_while_our_worker_logs",
    ],
    "H5 without threads rows are kept and sent": [
        "faults/cases V no thread",
        "faults/apps/tasks refused",
    ],
    "H6 event loops and greenlets keep running": [
        "faults/test_hosts tasks_run",
        "faults/test_hosts a_task_may_flush",
        "faults/test_hosts greenlets_run",
    ],
    "H7 idling costs nothing": [
        "delivery/test_worker_state an_idle_worker_does_not_poll",
        "delivery/test_worker nothing_starts",
    ],
    "H8 the app's tracers do not see us": ["client/http/test_instrumentation is_suppressed"],
    "M1 the queue is bounded in rows and bytes": [
        "delivery/test_worker bounded_in_rows",
        "delivery/test_worker bounded_in_bytes",
        "faults/cases S server",
        "faults/test_memory leaves_traces_open_is_bounded",
    ],
    "M2 an accepted row is never dropped silently": ["delivery/test_worker bounded_in_rows"],
    "M3 drops are counted and logged seldom": [
        "delivery/test_worker hundred_thousand_drops",
        "delivery/test_exit_hooks events_that_come_after_a_worker_is_closed",
    ],
    "M4 one huge event is cut": [
        "faults/cases Q one",
        "serialization/test_truncation ids_and_metrics",
    ],
    "M5 what was captured does not change": [
        "callbacks/test_handler changes_by_the_app_after_the_call"
    ],
    "W1 temporary failures only delay rows": [
        "faults/cases B 500",
        "faults/cases C two",
        "faults/test_odd_places not_there_yet",
        "faults/test_odd_places resolver_that_is_slow",
    ],
    "W2 a request has a total deadline": [
        "faults/cases J2 body",
        "client/http/test_transport last_byte",
    ],
    "W3 Retry-After is respected": [
        "faults/cases G2 429",
        "faults/cases G3 429",
        "client/test_retry_policy server_s_own_clock",
    ],
    "W4 clients do not retry at the same time": ["client/test_retry_policy two_hundred_clients"],
    "W5 a wrong key costs one request": ["faults/cases H 401", "faults/test_faults wrong_key"],
    "W6 batches that are too large are split": ["faults/cases F 413", "faults/cases F2 one"],
    "W7 invalid rows of a refused batch are found": [
        "faults/cases W7 3",
        "delivery/test_scheduler that_a_server_refuses_are_found",
    ],
    "W8 rows fail one by one": ["faults/cases W8 two", "faults/cases W8b two"],
    "W9 undocumented responses leave rows unconfirmed": [
        "faults/cases W9 one",
        "faults/cases N 200",
        "delivery/test_response_classification platform_counts_them",
    ],
    "W10 no redirect is followed": ["faults/cases I 307", "client/http/test_transport no_redirect"],
    "W11 a lost response duplicates no row": [
        "faults/cases E stored",
        "faults/cases E2 stored",
        "faults/cases E3 stored",
        "faults/cases E4 stored",
    ],
    "W12 an answer is read up to a limit": [
        "client/http/test_transport is_read_up_to_the_limit",
        "client/http/test_transport bomb",
    ],
    "W13 proxies and authorities are honoured": [
        "client/http/test_proxies proxy",
        "client/http/test_proxies authority",
    ],
    "L1 a normal exit delivers": [
        "faults/cases A exit",
        "delivery/test_exit_hooks ends_delivers",
        "faults/test_odd_places a_server_that_hangs_does_not_delay_the_last_flush_to_another",
    ],
    "L2 an exit ends in time": [
        "faults/cases D server",
        "faults/cases G 429",
        "faults/cases J headers",
        "faults/test_odd_places resolver_that_hangs",
    ],
    "L3 Ctrl-C ends the last flush": ["delivery/test_exit_hooks ctrl_c"],
    "L4 children of multiprocessing deliver": ["faults/test_hosts children_of_multiprocessing"],
    "L5 a fork doubles nothing": [
        "faults/cases M os.fork",
        "faults/cases M2 os.fork",
        "faults/apps/odd bare",
        "client/http/test_transport child_process",
    ],
    "L6 gunicorn and celery deliver": [
        "faults/test_hosts gunicorn",
        "faults/test_hosts celerys",
        "faults/test_servers a_server_delivers_its_last_rows",
    ],
    "L7 what is committed outlives the process": [
        "faults/cases K SIGTERM",
        "faults/cases L os._exit",
        "faults/test_kill two_hundred_kills",
    ],
    "L8 a frozen process wakes up": ["faults/test_freeze frozen"],
    "L9 flush tells the truth in time": [
        "delivery/test_worker never_takes_longer",
        "delivery/test_worker a_flush_reports_earlier_losses",
        "delivery/test_worker a_flush_from_a_source_or_a_transport_does_not_wait_for_itself",
    ],
    "L10 closing twice is closing": [
        "delivery/test_worker a_closed_worker_drops_and_counts_rows",
        "faults/apps/odd closed",
    ],
    "D1 kills lose nothing": [
        "faults/test_kill two_hundred_kills",
        "faults/test_equal_ids both_on_disk_for_the_next_process",
    ],
    "D2 a damaged file is set aside": [
        "delivery/spool/test_file damaged_file",
        "delivery/spool/test_damage every_committed_row",
    ],
    "D3 a full disk costs nothing": [
        "delivery/test_exit_hooks a_full_disk_loses_no_row",
        "delivery/spool/test_file a_disk_that_keeps_failing_leaks_no_file_and_no_handle",
        "faults/test_disks a_full_disk",
        "faults/test_disks a_read_only_disk",
        "delivery/spool/test_disk_spool until_a_removed_directory_is_created_again",
    ],
    "D4 processes share a directory": ["faults/test_kill share_a_directory"],
    "D5 files are for one user": [
        "delivery/spool/test_file a_file_is_readable_by_its_owner_alone",
        "delivery/spool/test_file links",
        "faults/test_disks any_umask",
    ],
    "D6 the disk is bounded": [
        "delivery/spool/test_disk_spool full_spool",
        "delivery/spool/test_file oldest_dead",
    ],
    "D7 dead letters can be sent again": ["delivery/spool/test_disk_spool dead_letters"],
    "S1 the key is nowhere": ["faults/hosting KEY not in outputs"],
    "S2 payloads are in no log": ["faults/hosting MARKER not in outputs"],
    "S3 an id is one segment": ["client/test_urls one_segment"],
    "S4 a key travels encrypted": [
        "client/test_urls plain_http",
        "client/http/test_proxies not_trusted",
    ],
    "S5 counts are exact": [
        "delivery/test_status exact_under_threads",
        "delivery/test_worker counts_are_exact",
        "faults/test_faults check_sums",
    ],
    "S6 clocks may jump": ["faults/test_clocks jumps_while", "faults/test_clocks is_wrong"],
}
