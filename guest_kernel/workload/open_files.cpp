// Clients that keep ten thousand files open between them, and call one after the other.

#include "arch/ppc64/percpu.h"
#include "kernel/format.h"
#include "kernel/heap.h"
#include "kernel/init.h"
#include "kernel/thread.h"
#include "objects/names.h"
#include "services/files/file_representative.h"
#include "services/files/file_system.h"
#include "workload/workload.h"

namespace workload {

namespace {

using objects::Ref;
using services::FileRepresentative;
using services::FileSystem;

constexpr unsigned files_open = 10'000;
constexpr unsigned files_each_directory = 100;

struct KnownFile {
    Ref<FileRepresentative> open;
    uint64_t inode = 0;
};

// What opening the next file comes to next: each step may be parked, and is then made again.
enum class Step : uint8_t { Directory, Create, Open };

// The files of one client.
struct Files {
    explicit Files(unsigned most)
        : size(most), known(static_cast<KnownFile*>(kernel::allocate(most * sizeof(KnownFile), kernel::Tag::Workload))) {}
    ~Files() { kernel::deallocate(known); }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    const unsigned size;
    unsigned count = 0;
    Step step = Step::Directory;
    KnownFile* const known;
};

kernel::Ticket* ticket() { return &kernel::current_thread()->ticket(); }

class OpenFiles final : public Workload {
public:
    const char* name() const override { return "open-files"; }

protected:
    Status prepare(const Parameters& parameters) override
    {
        m_system = Ref<FileSystem>(objects::find_name("file-system"));
        if (!m_system)
            return Code::NOT_FOUND;
        const uint64_t clients = parameters.clients == 0 ? arch::cpu_count() : parameters.clients;
        m_each = static_cast<unsigned>(files_open / clients);
        return {};
    }
    Status enter(Client& client) override
    {
        auto* files = kernel::make<Files>(kernel::Tag::Workload, m_each);
        client.own = files;
        return files == nullptr || files->known == nullptr ? Code::NO_MEMORY : Code::OK;
    }
    // Opens a file until it has all; then asks one of them who it is.
    Status run_job(Client& client) override
    {
        auto& files = *static_cast<Files*>(client.own);
        if (files.count < files.size)
            return open_next(client.index, files);
        const auto& file = files.known[client.random.below(files.size)];
        return TRY(file.open->inode()) == file.inode ? Status() : Status(Code::INVALID);
    }
    Status leave(Client& client) override
    {
        auto* files = static_cast<Files*>(client.own);
        if (files == nullptr)
            return {};
        for (; files->count != 0; --files->count)
            TRY(m_system->close(files->known[files->count - 1].open.reference(), ticket()));
        kernel::destroy(files);
        client.own = nullptr;
        return {};
    }

private:
    Status open_next(unsigned client, Files& files)
    {
        char path[32];
        if (files.step == Step::Directory) {
            kernel::format(path, sizeof path, "/open-%u-%u", client, files.count / files_each_directory);
            if (files.count % files_each_directory == 0)
                TRY(unless_there(m_system->make_directory(path, ticket())));
            files.step = Step::Create;
        }
        kernel::format(path, sizeof path, "/open-%u-%u/%u", client, files.count / files_each_directory, files.count);
        if (files.step == Step::Create) {
            TRY(unless_there(m_system->create_file(path, ticket())));
            files.step = Step::Open;
        }
        auto& next = files.known[files.count];
        next.open = Ref<FileRepresentative>(TRY(m_system->open(path, ticket())));
        ++files.count;
        files.step = Step::Directory;
        next.inode = TRY(next.open->inode());
        return {};
    }
    // The disk may have it from an earlier run.
    static Status unless_there(Status status) { return status.code() == Code::EXISTS ? Status() : status; }

    Ref<FileSystem> m_system;
    unsigned m_each = 0;
};

constinit OpenFiles open_files;

Status start()
{
    add(open_files);
    return {};
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{
    kernel::InitStage::Services, "workload.open_files", start};

}

}
