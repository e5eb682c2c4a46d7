// The multi-user load: each client does a stream of jobs of all kinds, in the manner of the reference's ReAIM "alltests".

#include "kernel/clock.h"
#include "kernel/init.h"
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
    files_created += other.files_created;
    files_removed += other.files_removed;
    opens += other.opens;
    closes += other.closes;
    forced_syncs += other.forced_syncs;
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
    {"write", write_file, 4},
    {"read", read_file, 3},
    {"remove", remove_file, 1},
    {"map", map_file, 2},
};
// Few, so that senders wait as well as receivers.
constexpr uint64_t board_capacity = 4;
constexpr uint64_t few_blocks = 12;
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
    Kept kept;
};

// What the objects that all clients use have counted at some moment.
struct Counted {
    uint64_t posted = 0;
    uint64_t taken = 0;
    services::FileStatistics files;
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
    Kept kept() const override;
    void use_programs(objects::Ref<services::FileCache> programs) { m_services.programs = programs; }

protected:
    Status prepare(const Parameters& parameters) override;
    Status enter(Client& client) override;
    Status run_job(Client& client) override;
    Status leave(Client& client) override;
    bool verify(const Totals& totals) override;

private:
    void begin(Progress& progress, Random& random);
    Status end(Progress& progress);
    Status find_services();
    kernel::Status count(Counted& counted);
    bool agrees(const Tally& tally, const Counted& now) const;

    JobServices m_services;
    Counted m_before;
    Record m_records[max_clients];
};

// Says on the console what was wrong; a job that was refused memory was not.
Status report(const JobClient& client, const char* kind, const Answer& answer)
{
    if (answer.is_right() || answer.status == Code::NO_MEMORY)
        return {};
    kernel::print("job-mix: client %u: %s: could not %s: %s\n", client.index, kind, answer.wrong,
        answer.status.ok() ? "wrong" : kernel::name_of(answer.status.code()));
    return answer.status.ok() ? Status(Code::INVALID) : answer.status;
}

Status JobMix::find_services()
{
    m_services.pages = services::kernel_pages();
    m_services.board = objects::Ref<services::Port>(objects::find_name("job-board"));
    m_services.files = objects::Ref<services::FileSystem>(objects::find_name("file-system"));
    m_services.manager = services::root_page_manager();
    return m_services.pages && m_services.board && m_services.manager ? Status() : Status(Code::NOT_FOUND);
}

Status JobMix::prepare(const Parameters& parameters)
{
    TRY(find_services());
    m_services.blocks_to_grab = parameters.grab == 0 ? few_blocks : parameters.grab;
    for (auto& record : m_records)
        record = {};
    return count(m_before);
}

Status JobMix::count(Counted& counted)
{
    counted.posted = TRY(m_services.board->sent());
    counted.taken = TRY(m_services.board->received());
    return m_services.files ? m_services.files->statistics(&counted.files) : Status();
}

Status JobMix::enter(Client& client)
{
    if (client.own == nullptr) {
        client.own = kernel::make<Progress>(kernel::Tag::Workload);
        if (client.own == nullptr)
            return Code::NO_MEMORY;
        auto& made = *static_cast<Progress*>(client.own);
        made.client.index = client.index;
        made.client.services = &m_services;
        made.job = begin_files(made.client);
    }
    auto& progress = *static_cast<Progress*>(client.own);
    TRY(progress.job.go_on());
    const Status begun = report(progress.client, "begin", progress.job.answer());
    progress.job = {};
    if (!begun.ok())
        kernel::destroy(&progress);
    return begun;
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
    return report(progress.client, all_kinds[progress.kind].name, answer);
}

// A client ends between two jobs.
Status JobMix::leave(Client& client)
{
    auto& progress = *static_cast<Progress*>(client.own);
    if (!progress.job)
        progress.job = end_files(progress.client);
    TRY(progress.job.go_on());
    const Status ended = report(progress.client, "end", progress.job.answer());
    auto& record = m_records[client.index];
    record.tally = progress.client.tally;
    for (unsigned number = 0; number < files_of_client; ++number) {
        if (progress.client.files[number].exists)
            record.kept.add(client.index, number, progress.client.files[number]);
    }
    kernel::destroy(&progress);
    return ended;
}

KindFigures JobMix::kind(unsigned number) const
{
    KindFigures sum{.name = all_kinds[number].name};
    for (const auto& record : m_records)
        sum.add(record.kinds[number]);
    return sum;
}

Kept JobMix::kept() const
{
    Kept sum;
    for (const auto& record : m_records) {
        sum.files += record.kept.files;
        sum.bytes += record.kept.bytes;
        sum.digest += record.kept.digest;
    }
    return sum;
}

bool JobMix::verify(const Totals&)
{
    Tally all;
    for (const auto& record : m_records)
        all.add(record.tally);
    Counted now;
    const Status counted = count(now);
    const bool right = counted.ok() && agrees(all, now) && all.posted == all.taken && all.posted_sum == all.taken_sum;
    if (!right)
        kernel::print("job-mix: the sums are not what the objects counted\n");
    return right;
}

bool JobMix::agrees(const Tally& tally, const Counted& now) const
{
    const auto& files = now.files;
    const auto& before = m_before.files;
    return now.posted - m_before.posted == tally.posted && now.taken - m_before.taken == tally.taken
           && files.files_created - before.files_created == tally.files_created
           && files.removed - before.removed == tally.files_removed && files.opens - before.opens == tally.opens
           && files.closes - before.closes == tally.closes;
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
