// Marks, or takes marks off, on all CPUs side by side.
#pragma once

#include "kernel/event.h"
#include "objects/class_record.h"

namespace objects {

// One thread on each CPU for what is at home there. Used by one thread, which is not counted.
class MarkingTeam {
public:
    // Takes all instances of a list that are at home on a CPU.
    using Share = void (*)(ClassRecord& record, unsigned cpu);

    explicit MarkingTeam(ClassRecord& record) : m_record(record) {}
    ~MarkingTeam() { dismiss(); }
    MarkingTeam(const MarkingTeam&) = delete;
    MarkingTeam& operator=(const MarkingTeam&) = delete;

    // NO_MEMORY: then there is no team.
    Status assemble();
    // On every CPU.
    void run(Share share);

private:
    struct Member {
        MarkingTeam* team = nullptr;
        unsigned cpu = 0;
        bool hired = false;
        kernel::Event go;
        kernel::Event done;
        kernel::Event ended;
    };
    static void entry(uint64_t member);
    void dismiss();

    ClassRecord& m_record;
    Member m_members[abi::MAX_CPUS];
    // Null: go home.
    Share m_share = nullptr;
};

}
