// One job of a client: what it calls, and whether the answers were right.
#pragma once

#include "kernel/heap.h"
#include "kernel/park.h"
#include "kernel/status.h"
#include "workload/coroutine.h"

namespace workload {

using kernel::Code;
using kernel::Status;

// How a job ended. `wrong` is null when every answer was right, else it says which one was not.
struct Answer {
    const char* wrong = nullptr;
    Status status;

    bool is_right() const { return wrong == nullptr; }
};
inline constexpr Answer right{};

// A call of a job. It is made again from the top, with the same arguments, as long as it is parked.
class Call {
public:
    // With `required` the job ends where the call fails; it says what was to be done.
    explicit Call(const char* required) : m_required(required) {}

    virtual void make() = 0;
    virtual Status status() const = 0;
    bool parked() const { return status().is_parked(); }
    // Whether the job goes on with what the call returned.
    bool answered() const { return status().ok() || (m_required == nullptr && !parked()); }
    const char* required() const { return m_required; }

protected:
    ~Call() = default;

private:
    const char* m_required;
};

// A coroutine: its calls may be parked, and then all of it leaves the stack, so that its client waits in the outermost
// loop, outside every object. What it keeps across a call lies in a frame on the heap; references are plain values.
class [[nodiscard]] Job {
public:
    struct promise_type;
    using Handle = std::coroutine_handle<promise_type>;

    Job() = default;
    explicit Job(Handle handle) : m_handle(handle) {}
    Job(Job&& other) : m_handle(other.m_handle) { other.m_handle = {}; }
    Job& operator=(Job&& other);
    ~Job();

    // False: none has begun.
    explicit operator bool() const { return static_cast<bool>(m_handle); }
    // Goes on until a call is parked (the status to wait for) or it has ended (success); then `answer` tells. One for
    // which there was no memory has ended with NO_MEMORY.
    Status go_on();
    Answer answer() const;

private:
    Handle m_handle;
};

struct Job::promise_type {
    // At which the coroutine is suspended.
    Call* call = nullptr;
    Answer answer;

    static void* operator new(size_t bytes) noexcept { return kernel::allocate(bytes, kernel::Tag::Workload); }
    static void operator delete(void* frame) { kernel::deallocate(frame); }
    static Job get_return_object_on_allocation_failure() { return {}; }
    Job get_return_object() { return Job(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(const Answer& given) { answer = given; }
    [[noreturn]] void unhandled_exception() { __builtin_trap(); }
};

// Gives up what a call that ended otherwise has left of its parking: the next one is to find the ticket idle.
void leave_ticket_idle();

template <typename Function>
class AwaitedCall : public Call {
public:
    using Returned = decltype(static_cast<Function*>(nullptr)->operator()());

    AwaitedCall(const char* required, Function function) : Call(required), m_function(function) {}

    void make() final
    {
        m_returned = m_function();
        if (!m_returned.is_parked())
            leave_ticket_idle();
    }
    Status status() const final { return kernel::status_of(m_returned); }

    bool await_ready()
    {
        make();
        return answered();
    }
    void await_suspend(Job::Handle job) { job.promise().call = this; }
    Returned await_resume() const { return m_returned; }

private:
    Function m_function;
    Returned m_returned{Code::BUSY};
};

template <typename Function>
class RequiredCall final : public AwaitedCall<Function> {
public:
    using AwaitedCall<Function>::AwaitedCall;
    auto await_resume() const { return kernel::value_of(AwaitedCall<Function>::await_resume()); }
};

// `co_await finished(call)` yields what the call returned in the end, whatever it is.
template <typename Function>
AwaitedCall<Function> finished(Function function)
{
    return {nullptr, function};
}

// `co_await required("what", call)` yields its value; a failure ends the job there with a wrong answer.
template <typename Function>
RequiredCall<Function> required(const char* what, Function function)
{
    return {what, function};
}

// `co_await part(job)` does another job as a part of this one and yields its answer, so that what it took can be given
// back whatever came of it.
class Part final : public Call {
public:
    explicit Part(Job job) : Call(nullptr), m_job(static_cast<Job&&>(job)) {}

    void make() override { m_status = m_job.go_on(); }
    Status status() const override { return m_status; }

    bool await_ready()
    {
        make();
        return answered();
    }
    void await_suspend(Job::Handle job) { job.promise().call = this; }
    Answer await_resume() const { return m_job.answer(); }

private:
    Job m_job;
    Status m_status;
};

inline Part part(Job job)
{
    return Part(static_cast<Job&&>(job));
}

}
