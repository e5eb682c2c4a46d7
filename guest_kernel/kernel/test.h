// Tests that run inside the guest.
#pragma once

#include <stdint.h>

#include "kernel/registry.h"

namespace kernel {

// `static kernel::Test test{"heap.oom", [] { EXPECT(...); }};` Runs when BootInfo has RUN_TESTS, or one of a module when
// the monitor asks for it, in the order of names, each in a fresh thread of default priority that is not counted and may
// be moved. One whose name starts with "panic." is to end in a panic: it runs when its whole name is asked for, else not.
class Test {
public:
    Test(const char* name, void (*body)());
    Test(const Test&) = delete;
    Test& operator=(const Test&) = delete;

    const char* name() const { return m_name; }
    void run() const { m_body(); }

    Test* next = nullptr;

private:
    const char* m_name;
    void (*m_body)();
};

Registry<Test>& tests();
// The next one after that of the name `after` (null: the first) whose name starts with `prefix`, or null.
const Test* next_test(const char* prefix, const char* after);
// Runs one and prints its line; whether it was well. One at a time.
bool run_test(const Test& test);
// What the last one failed with, empty when it was well.
const char* test_failure();

// Notes the first failure of the running test; the test goes on unless it looks at `failed`.
void expectation_failed(const char* what, const char* file, int line);
bool test_failed();

// Runs those whose name starts with `prefix`; prints "test NAME ok" or "test NAME FAILED: file:line expression" for
// each and "tests: N run, M failed" at the end. Returns the number of failures.
unsigned run_tests(const char* prefix);

}

// What the running test expects; usable in any thread it starts.
#define EXPECT(condition)                                                      \
    do {                                                                       \
        if (!(condition)) [[unlikely]]                                         \
            ::kernel::expectation_failed(#condition, __FILE_NAME__, __LINE__); \
    } while (false)
