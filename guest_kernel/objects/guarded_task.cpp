#include "objects/guarded_task.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/event.h"
#include "kernel/guarded.h"
#include "kernel/heap.h"
#include "kernel/list.h"
#include "kernel/thread.h"
#include "objects/class_limit.h"
#include "objects/counted_scope.h"
#include "objects/priorities.h"

namespace objects {

namespace {

// Threads that a CPU keeps between tasks, and for how long.
constexpr unsigned max_idle = 2;
constexpr uint64_t idle_limit_ns = 10 * kernel::millisecond;

// One thread. It belongs to whoever gives it a task, from then until that is done; in between to the idle list.
class Worker {
public:
    static Result<Worker*> hire(unsigned cpu);
    // By its owner; it frees itself.
    void send_home();
    // False when it did not survive the task: then the owner frees it.
    bool take(GuardedTask& task, unsigned priority, uint64_t limit_ns);

    unsigned cpu() const { return m_cpu; }
    kernel::ListLink<Worker> link;

    explicit Worker(unsigned cpu) : m_cpu(cpu) {}

private:
    static Status code(uint64_t argument);
    static void ended(uint64_t argument, const kernel::GuardedOutcome& outcome);
    void serve();
    bool await_task();
    void report(Status status, bool survives);

    const unsigned m_cpu;
    kernel::Thread* m_thread = nullptr;
    kernel::Event m_go;
    // Null: go home.
    GuardedTask* m_task = nullptr;
    uint64_t m_limit_ns = 0;

    // Guards the rest.
    kernel::SpinLock m_lock;
    kernel::WaitQueue m_owner;
    bool m_done = false;
    bool m_survives = true;
};

using WorkerList = kernel::List<Worker, &Worker::link>;

// The idle ones of a CPU.
struct IdleWorkers {
    // Guards the rest.
    kernel::SpinLock lock;
    WorkerList list;
    unsigned count = 0;

    Worker* take();
    // False when there are enough.
    bool keep(Worker& worker);
    // False when it is not idle: somebody has taken it, or is about to bring it back.
    bool leave(Worker& worker);
};
constinit IdleWorkers idle_workers[abi::MAX_CPUS];

Worker* IdleWorkers::take()
{
    kernel::SpinGuard guard(lock);
    auto* worker = list.take_first();
    count -= worker != nullptr;
    return worker;
}

bool IdleWorkers::keep(Worker& worker)
{
    kernel::SpinGuard guard(lock);
    if (count == max_idle)
        return false;
    list.prepend(worker);
    ++count;
    return true;
}

bool IdleWorkers::leave(Worker& worker)
{
    kernel::SpinGuard guard(lock);
    if (!WorkerList::contains(worker))
        return false;
    list.remove(worker);
    --count;
    return true;
}

Result<Worker*> Worker::hire(unsigned cpu)
{
    auto* worker = kernel::make<Worker>(kernel::Tag::Interposer, cpu);
    if (worker == nullptr)
        return Code::NO_MEMORY;
    const kernel::GuardedOptions options{"guarded task", class_limit_ns, swap_priority};
    const auto started = kernel::start_guarded(options, cpu, code, reinterpret_cast<uint64_t>(worker), ended);
    if (!started.ok()) {
        kernel::destroy(worker);
        return started.status();
    }
    worker->m_thread = started.value();
    return worker;
}

void Worker::send_home()
{
    m_task = nullptr;
    m_go.signal();
}

bool Worker::take(GuardedTask& task, unsigned priority, uint64_t limit_ns)
{
    m_task = &task;
    m_limit_ns = limit_ns < class_limit_ns ? limit_ns : class_limit_ns;
    m_done = false;
    m_thread->set_base_priority(priority);
    m_go.signal();
    kernel::SpinGuard guard(m_lock);
    while (!m_done)
        m_owner.wait_as(guard, kernel::no_deadline, {kernel::WaitKind::Thread, m_thread}).ignore();
    return m_survives;
}

Status Worker::code(uint64_t argument)
{
    reinterpret_cast<Worker*>(argument)->serve();
    return {};
}

// False when it is to end.
bool Worker::await_task()
{
    while (!m_go.wait_until(kernel::now_ns() + idle_limit_ns).ok()) {
        if (idle_workers[m_cpu].leave(*this)) {
            m_task = nullptr;
            return false;
        }
    }
    m_go.clear();
    return m_task != nullptr;
}

void Worker::serve()
{
    for (;;) {
        if (!await_task())
            return;
        kernel::limit_guarded(m_limit_ns);
        const Status status = m_task->run();
        kernel::limit_guarded(kernel::unlimited_ns);
        report(status, true);
    }
}

void Worker::ended(uint64_t argument, const kernel::GuardedOutcome& outcome)
{
    auto* worker = reinterpret_cast<Worker*>(argument);
    if (worker->m_task != nullptr) {
        worker->report(outcome.status, false);
        return;
    }
    CountedScope calls_the_page_allocator;
    kernel::destroy(worker);
}

// The owner may free the worker as soon as it has the lock.
void Worker::report(Status status, bool survives)
{
    m_task->finish(status);
    kernel::SpinGuard guard(m_lock);
    m_done = true;
    m_survives = survives;
    m_owner.wake_one();
}

}

void run_guarded_task(GuardedTask& task, unsigned priority, uint64_t limit_ns)
{
    const unsigned cpu = arch::cpu_id();
    auto* worker = idle_workers[cpu].take();
    if (worker == nullptr) {
        const auto hired = Worker::hire(cpu);
        if (!hired.ok()) {
            task.finish(hired.status());
            return;
        }
        worker = hired.value();
    }
    if (!worker->take(task, priority, limit_ns))
        kernel::destroy(worker);
    else if (!idle_workers[worker->cpu()].keep(*worker))
        worker->send_home();
}

void dismiss_idle_guarded_workers()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        while (auto* worker = idle_workers[cpu].take())
            worker->send_home();
    }
}

}
