// The multi-user load: each client does a stream of jobs of all kinds, in the manner of the reference's ReAIM "alltests".

#include "kernel/clock.h"
#include "kernel/init.h"
#include "kernel/owned.h"
#include "kernel/print.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/memory/memory.h"
#include "services/message/port.h"
#include "workload/job_programs.h"
#include "workload/jobs/jobs.h"
#include "workload/workload.h"

namespace workload {

void Tally::add(const Tally& other)
{
    posted += other.posted;
    posted_sum += other.posted_sum;
    taken += other.taken;
    taken_sum += other.taken_sum;
    processes += other.processes;
    faults += other.faults;
}

namespace {

struct Kind {
    const char* name;
    Job (*begin)(JobClient& client);
    // Of the sum of all.
    unsigned share;
};

constexpr Kind all_kinds[] = {
    {"memory", grab_memory, 3},
    {"talk", talk, 2},
    {"exchange", exchange, 3},
    {"process", run_processes, 2},
};
// Few, so that senders wait as well as receivers.
constexpr uint64_t board_capacity = 4;
constexpr unsigned kind_count = sizeof all_kinds / sizeof *all_kinds;

constexpr unsigned sum_of_shares()
{
    unsigned sum = 0;
    for (const auto& kind : all_kinds)
        sum += kind.share;
    return sum;
}

void add_to(uint64_t& figure, uint64_t amount) { __atomic_store_n(&figure, figure + amount, __ATOMIC_RELAXED); }

unsigned choose(Random& random)
{
    uint64_t at = random.below(sum_of_shares());
    unsigned kind = 0;
    while (at >= all_kinds[kind].share)
        at -= all_kinds[kind++].share;
    return kind;
}

// What is known of a client's jobs, also after it has ended. Written by the client, read by anyone.
struct Record {
    KindFigures kinds[kind_count];
    Tally tally;
};

// What a client has while it runs.
struct Progress {
    JobClient client;
    unsigned kind = 0;
    uint64_t began_ns = 0;
    Job job;
};

class JobMix final : public Workload {
public:
    const char* name() const override { return "job-mix"; }
    unsigned kinds() const override { return kind_count; }
    KindFigures kind(unsigned number) const override;
    void use_programs(objects::Ref<services::FileCache> programs) { m_services.programs = programs; }

protected:
    Status prepare(const Parameters&) override;
    Status enter(Client& client) override;
    Status run_job(Client& client) override;
    Status leave(Client& client) override;
    bool verify(const Totals& totals) override;

private:
    void begin(Progress& progress, Random& random);
    Status end(Progress& progress);

    JobServices m_services;
    uint64_t m_posted_before = 0;
    uint64_t m_taken_before = 0;
    Record m_records[max_clients];
};

Status JobMix::prepare(const Parameters&)
{
    m_services.pages = services::kernel_pages();
    m_services.board = objects::Ref<services::Port>(objects::find_name("job-board"));
    m_services.manager = services::root_page_manager();
    if (!m_services.pages || !m_services.board || !m_services.manager)
        return Code::NOT_FOUND;
    m_posted_before = TRY(m_services.board->sent());
    m_taken_before = TRY(m_services.board->received());
    for (auto& record : m_records)
        record = {};
    return {};
}

Status JobMix::enter(Client& client)
{
    auto* progress = kernel::make<Progress>(kernel::Tag::Workload);
    if (progress == nullptr)
        return Code::NO_MEMORY;
    progress->client.index = client.index;
    progress->client.services = &m_services;
    client.own = progress;
    return {};
}

Status JobMix::run_job(Client& client)
{
    auto& progress = *static_cast<Progress*>(client.own);
    if (!progress.job)
        begin(progress, client.random);
    const Status status = progress.job.go_on();
    if (!status.is_parked())
        return end(progress);
    add_to(m_records[client.index].kinds[progress.kind].parked, 1);
    return status;
}

void JobMix::begin(Progress& progress, Random& random)
{
    progress.kind = choose(random);
    progress.client.random = Random(random.next());
    progress.began_ns = kernel::now_ns();
    progress.job = all_kinds[progress.kind].begin(progress.client);
}

Status JobMix::end(Progress& progress)
{
    const Answer answer = progress.job.answer();
    progress.job = {};
    auto& figures = m_records[progress.client.index].kinds[progress.kind];
    const uint64_t took_ns = kernel::now_ns() - progress.began_ns;
    if (took_ns > figures.longest_ns)
        __atomic_store_n(&figures.longest_ns, took_ns, __ATOMIC_RELAXED);
    add_to(figures.done, 1);
    if (answer.is_right())
        return {};
    if (answer.status == Code::NO_MEMORY) {
        add_to(figures.refused, 1);
        return {};
    }
    add_to(figures.wrong, 1);
    kernel::print("job-mix: client %u: %s: could not %s: %s", progress.client.index, all_kinds[progress.kind].name,
        answer.wrong, kernel::name_of(answer.status.code()));
    return answer.status.ok() ? Status(Code::INVALID) : answer.status;
}

// A client that ends in the middle of a job has not been told to.
Status JobMix::leave(Client& client)
{
    const kernel::Owned<Progress> progress(static_cast<Progress*>(client.own));
    m_records[client.index].tally = progress->client.tally;
    return {};
}

KindFigures JobMix::kind(unsigned number) const
{
    KindFigures sum{.name = all_kinds[number].name};
    for (const auto& record : m_records)
        sum.add(record.kinds[number]);
    return sum;
}

bool JobMix::verify(const Totals&)
{
    Tally all;
    for (const auto& record : m_records)
        all.add(record.tally);
    const auto posted = m_services.board->sent();
    const auto taken = m_services.board->received();
    return posted.ok() && taken.ok() && posted.value() - m_posted_before == all.posted
           && taken.value() - m_taken_before == all.taken && all.posted == all.taken
           && all.posted_sum == all.taken_sum;
}

constinit JobMix job_mix;

Status start()
{
    const auto programs = TRY(make_programs());
    job_mix.use_programs(programs);
    const auto board = TRY(objects::create_default<services::Port>({.capacity = board_capacity}));
    TRY(objects::give_name("job-board", board.reference()));
    add(job_mix);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{
    kernel::InitStage::Services, "workload.job_mix", start};

}

}
