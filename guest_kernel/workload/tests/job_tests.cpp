// Jobs as coroutines: a parked call is made again, a failed one ends its job, and nothing is left behind.

#include "kernel/heap.h"
#include "kernel/test.h"
#include "objects/counted_scope.h"
#include "workload/job.h"

namespace workload::tests {

namespace {

// Answers as it is told, call by call.
struct Scripted {
    Status answers[4];
    unsigned calls = 0;
    unsigned destroyed = 0;

    Status answer() { return answers[calls++]; }
};

struct CountsItsEnd {
    unsigned& count;
    ~CountsItsEnd() { ++count; }
};

Job two_calls(Scripted& script)
{
    const CountsItsEnd scope{script.destroyed};
    co_await required("make the first call", [&] { return script.answer(); });
    const Status second = co_await finished([&] { return script.answer(); });
    co_return second.ok() ? right : Answer{"make the second call", second};
}

kernel::Test plain{"job.without_a_parked_call_ends_at_once", [] {
    Scripted script{};
    Job job = two_calls(script);
    EXPECT(script.calls == 0);
    EXPECT(job.go_on().ok());
    EXPECT(script.calls == 2 && job.answer().wrong == nullptr);
}};

kernel::Test parked{"job.makes_a_parked_call_again", [] {
    Scripted script{{Status::parked(7), Status::parked(8), {}, Code::IO_ERROR}};
    Job job = two_calls(script);
    EXPECT(job.go_on() == Status::parked(7));
    EXPECT(job.go_on() == Status::parked(8));
    EXPECT(script.calls == 2 && script.destroyed == 0);
    EXPECT(job.go_on().ok());
    EXPECT(script.calls == 4 && script.destroyed == 1);
    EXPECT(job.answer().wrong != nullptr && job.answer().status == Code::IO_ERROR);
}};

kernel::Test failed{"job.ends_at_a_required_call_that_fails", [] {
    Scripted script{{Status::parked(7), Code::GONE}};
    {
        Job job = two_calls(script);
        EXPECT(job.go_on().is_parked());
        EXPECT(job.go_on().ok());
        EXPECT(job.answer().status == Code::GONE && script.calls == 2);
    }
    EXPECT(script.destroyed == 1);
}};

kernel::Test dropped{"job.dropped_in_the_middle_runs_its_destructors", [] {
    Scripted script{{Status::parked(7)}};
    const auto before = kernel::usage(kernel::Tag::Workload);
    {
        Job job = two_calls(script);
        EXPECT(job.go_on().is_parked());
    }
    EXPECT(script.destroyed == 1);
    EXPECT(kernel::usage(kernel::Tag::Workload).allocations == before.allocations);
}};

kernel::Test no_memory{"job.without_memory_is_refused", [] {
    Scripted script{};
    const kernel::FailAllocation fail(1);
    Job job = two_calls(script);
    EXPECT(fail.happened());
    EXPECT(job.go_on().ok() && job.answer().status == Code::NO_MEMORY && script.calls == 0);
}};

}

}
