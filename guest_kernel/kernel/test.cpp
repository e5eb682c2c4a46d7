#include "kernel/test.h"

#include "kernel/event.h"
#include "kernel/format.h"
#include "kernel/panic.h"
#include "kernel/print.h"
#include "kernel/spinlock.h"
#include "kernel/text.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

constinit Registry<Test> registered;

// The first failed expectation of the running test; empty while it is fine.
class Failure {
public:
    void clear()
    {
        SpinGuard guard(m_lock);
        m_text[0] = '\0';
    }
    void note(const char* what, const char* file, int line)
    {
        SpinGuard guard(m_lock);
        if (m_text[0] == '\0')
            format(m_text, sizeof(m_text), "%s:%d %s", file, line, what);
    }
    bool noted() const
    {
        SpinGuard guard(m_lock);
        return m_text[0] != '\0';
    }
    // Once the test is over.
    const char* text() const { return m_text; }

private:
    // Guards the text: any thread of the test may fail.
    mutable SpinLock m_lock;
    char m_text[256] = {};
};

constinit Failure failure;

void run_in_thread(uint64_t argument)
{
    reinterpret_cast<const Test*>(argument)->run();
}

// A test that ends in a panic runs alone, when its whole name is asked for.
bool chosen(const Test& test, const char* prefix)
{
    if (starts_with(test.name(), "panic."))
        return equal(test.name(), prefix);
    return starts_with(test.name(), prefix);
}

}

Registry<Test>& tests()
{
    return registered;
}

Test::Test(const char* name, void (*body)()) : m_name(name), m_body(body)
{
    registered.add(*this);
}

const Test* next_test(const char* prefix, const char* after)
{
    return registered.next(after, [prefix](const Test& test) { return chosen(test, prefix); });
}

bool run_test(const Test& test)
{
    failure.clear();
    Event ended;
    const ThreadOptions options{.name = test.name(), .counted = false, .ended = &ended};
    if (Thread::create(options, run_in_thread, reinterpret_cast<uint64_t>(&test)).ok())
        ended.wait();
    else
        expectation_failed("there is memory for the test's thread", __FILE_NAME__, __LINE__);
    if (failure.noted())
        print("test %s FAILED: %s", test.name(), failure.text());
    else
        print("test %s ok", test.name());
    return !failure.noted();
}

void expectation_failed(const char* what, const char* file, int line)
{
    failure.note(what, file, line);
}

const char* test_failure()
{
    return failure.text();
}

bool test_failed()
{
    return failure.noted();
}

unsigned run_tests(const char* prefix)
{
    unsigned run = 0;
    unsigned failed = 0;
    for (const Test* test = next_test(prefix, nullptr); test != nullptr; test = next_test(prefix, test->name())) {
        ++run;
        if (!run_test(*test))
            ++failed;
    }
    print("tests: %u run, %u failed", run, failed);
    return failed;
}

}
