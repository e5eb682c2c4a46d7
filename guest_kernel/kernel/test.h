// Tests that run inside the guest.
#pragma once

#include <stdint.h>

#include "kernel/list.h"

namespace kernel {

// `static kernel::Test test{"heap.oom", [] { EXPECT(...); }};` Runs when BootInfo has RUN_TESTS, in the order of names,
// each in a fresh thread of default priority that is not counted and may be moved. One whose name starts with "panic."
// is to end in a panic: it runs when its whole name is asked for, else not.
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
