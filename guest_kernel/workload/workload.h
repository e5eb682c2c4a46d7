// Something that loads the system and checks what it gets.
#pragma once

#include "kernel/event.h"
#include "kernel/owned.h"
#include "kernel/status.h"
#include "workload/job_files.h"
#include "workload/random.h"

namespace workload {

using kernel::Code;
using kernel::Status;

// Of clients and of the threads that they start: below those that serve the system.
inline constexpr unsigned client_priority = 10;

struct Parameters {
    // Threads, pinned to the CPUs in turn. 0: one for each CPU.
    uint64_t clients = 0;
    // Jobs of each client; 0: until it is stopped.
    uint64_t operations = 0;
    uint64_t seed = 0;
    // Blocks that each job of a mix which grabs memory takes at the most; 0: a few. Many of them make memory short.
    uint64_t grab = 0;
};

struct Totals {
    uint64_t operations = 0;
    // Jobs whose answer was wrong or refused.
    uint64_t errors = 0;
    uint64_t running = 0;
};

// One kind of job among those of a workload that has several.
struct KindFigures {
    const char* name = nullptr;
    uint64_t done = 0;
    uint64_t wrong = 0;
    // Of those done: given up for want of memory, which is no wrong answer.
    uint64_t refused = 0;
    // How often one of its calls was parked.
    uint64_t parked = 0;
    // From a job's beginning to its end, waiting included.
    uint64_t longest_ns = 0;

    void add(const KindFigures& other);
};

// The longest virtual time in which no job ended on a CPU, while its clients ran.
struct Gap {
    uint64_t last_ns = 0;
    uint64_t longest_ns = 0;
};

class Workload;

enum class ClientPhase : uint8_t { Entering, Working, Leaving, Ended };

// One thread, which does one job after the other and passes a quiescent point between two.
struct Client {
    Workload* workload = nullptr;
    unsigned index = 0;
    unsigned cpu = 0;
    Random random{0};
    ClientPhase phase = ClientPhase::Entering;
    uint64_t operations = 0;
    uint64_t errors = 0;
    // Of the kind of workload; see Workload::enter.
    void* own = nullptr;
};

class Workload {
public:
    virtual const char* name() const = 0;

    // BUSY while it runs, INVALID for too many clients.
    Status start(const Parameters& parameters);
    // Clients end after their job. Returns at once; `ended` tells.
    void stop() { __atomic_store_n(&m_stop, true, __ATOMIC_RELAXED); }
    bool ended() const { return m_ended.signalled(); }
    void wait_until_ended() { m_ended.wait(); }
    Totals totals() const;
    Gap gap(unsigned cpu) const;
    // Virtual time from the start to the end of the last client, or to now.
    uint64_t elapsed_ns() const;
    // The kinds of its jobs, by number; none where all are alike.
    virtual unsigned kinds() const { return 0; }
    virtual KindFigures kind(unsigned) const { return {}; }
    // The files that its clients have left on the disk, once it has ended.
    virtual Kept kept() const { return {}; }

    static constexpr unsigned max_clients = 64;

    Workload* next = nullptr;

protected:
    ~Workload() = default;

    // Before the clients start: what they share. Runs counted.
    virtual Status prepare(const Parameters&) { return {}; }
    // The following, when they return a parked status, are called again once the client's ticket is ready.
    // What one client has for itself, before its first job.
    virtual Status enter(Client&) { return {}; }
    // One job; any failure means that its answer was wrong.
    virtual Status run_job(Client& client) = 0;
    // Gives back what enter and the jobs took; a failure when something was wrong with it.
    virtual Status leave(Client&) { return {}; }
    // After the last client: whether the sum of what was done is what the objects say.
    virtual bool verify(const Totals&) { return true; }

private:
    static void client_entry(uint64_t argument);
    Status go_on(Client& client);
    Status work(Client& client);
    void count(Client& client, bool right);
    void client_ended();
    Status start_clients(const Parameters& parameters);

    Client m_clients[max_clients];
    Gap m_gaps[abi::MAX_CPUS];
    uint64_t m_operations_each = 0;
    unsigned m_count = 0;
    uint64_t m_running = 0;
    uint64_t m_started_ns = 0;
    // 0 while it runs.
    uint64_t m_ended_ns = 0;
    bool m_started = false;
    bool m_stop = false;
    kernel::Event m_ended;
};

// By name, or null.
Workload* find(const char* name);
// Each workload makes itself known once, at start.
void add(Workload& workload);
void for_each(void (*visit)(Workload&, void*), void* context);

}
