//! Captured outputs of the runners, shortened in the middle.

use super::*;

fn counts(passed: u64, failed: u64, skipped: u64) -> Option<Counts> {
    Some(Counts {
        passed,
        failed,
        skipped,
    })
}

#[test]
fn cargo_test_sums_over_test_binaries_and_doctests() {
    let output = "\
running 3 tests
test a ... ok
test b ... FAILED
test c ... ignored

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.09s

error: test failed, to rerun pass `--lib`
   Doc-tests cap

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.00s
";
    assert_eq!(Runner::CargoTest.read(output), counts(3, 1, 1));
}

#[test]
fn cargo_test_without_a_single_test_is_a_summary_of_zero() {
    let output = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    assert_eq!(Runner::CargoTest.read(output), counts(0, 0, 0));
}

#[test]
fn nextest_is_read_through_its_colours() {
    let output = "\
\u{1b}[31;1m        FAIL\u{1b}[0m [   0.089s] (2/2) \u{1b}[35;1mcap\u{1b}[0m \u{1b}[34;1mb\u{1b}[0m
    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.08s
\u{1b}[31;1m     Summary\u{1b}[0m [   0.091s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \
\u{1b}[1m1\u{1b}[0m \u{1b}[31;1mfailed\u{1b}[0m, \u{1b}[1m1\u{1b}[0m \u{1b}[33;1mskipped\u{1b}[0m
\u{1b}[31;1m        FAIL\u{1b}[0m [   0.089s] (2/2) \u{1b}[35;1mcap\u{1b}[0m \u{1b}[34;1mb\u{1b}[0m
";
    assert_eq!(Runner::Nextest.read(output), counts(1, 1, 1));
}

#[test]
fn nextest_counts_timeouts_as_failures_and_slow_ones_as_passed() {
    let output = "     Summary [ 132.5s] 9 tests run: 7 passed (1 slow, 2 leaky), 1 failed, 1 timed out, 3 skipped\n";
    assert_eq!(Runner::Nextest.read(output), counts(7, 2, 3));
}

#[test]
fn node_spec_reporter() {
    let output = "\
▶ s
  ✔ inner (0.20467ms)
✔ s (0.459743ms)
ℹ tests 6
ℹ suites 0
ℹ pass 3
ℹ fail 1
ℹ cancelled 1
ℹ skipped 1
ℹ todo 0
ℹ duration_ms 145.009971

✖ failing tests:
";
    assert_eq!(Runner::Node.read(output), counts(3, 2, 1));
}

#[test]
fn node_tap_reporter() {
    let output =
        "1..2\n# tests 2\n# suites 0\n# pass 2\n# fail 0\n# cancelled 0\n# skipped 0\n# todo 0\n";
    assert_eq!(Runner::Node.read(output), counts(2, 0, 0));
}

#[test]
fn node_that_found_no_tests_gives_no_summary() {
    let output =
        "ℹ tests 0\nℹ suites 0\nℹ pass 0\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\n";
    assert_eq!(Runner::Node.read(output), None);
}

#[test]
fn pytest_with_a_rule_around_it() {
    let output = "\
FAILED test_x.py::test_b - assert 0 in 7
ERROR test_x.py::test_d - RuntimeError
======== 1 failed, 4 passed, 1 skipped, 2 deselected, 3 warnings, 1 error in 75.02s (0:01:15) ========
";
    assert_eq!(Runner::Pytest.read(output), counts(4, 2, 1));
}

#[test]
fn pytest_quiet_and_coloured() {
    let output =
        "\u{1b}[32m\u{1b}[32m\u{1b}[1m12 passed\u{1b}[0m\u{1b}[32m in 0.35s\u{1b}[0m\u{1b}[0m\n";
    assert_eq!(Runner::Pytest.read(output), counts(12, 0, 0));
}

#[test]
fn pytest_that_collected_nothing_gives_no_summary() {
    assert_eq!(
        Runner::Pytest.read("==== no tests ran in 0.00s ====\n"),
        None
    );
}

#[test]
fn output_without_a_summary_gives_none() {
    let output =
        "error[E0425]: cannot find value `x` in this scope\nerror: could not compile `cap`\n";
    for runner in [
        Runner::CargoTest,
        Runner::Nextest,
        Runner::Node,
        Runner::Pytest,
    ] {
        assert_eq!(runner.read(output), None, "{runner:?}");
    }
}

#[test]
fn the_closing_line_reads_as_promised() {
    let mut sum = Counts {
        passed: 41,
        failed: 0,
        skipped: 2,
    };
    sum += Counts::ONE_PASSED;
    sum += Counts::ONE_FAILED;
    sum += Counts::ONE_SKIPPED;
    assert_eq!(sum.to_string(), "42 passed, 1 failed, 3 skipped");
}
