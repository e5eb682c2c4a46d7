#include "kernel/tag.h"

namespace kernel {

const char* name_of(Tag tag)
{
    switch (tag) {
    case Tag::Heap: return "heap";
    case Tag::Kernel: return "kernel";
    case Tag::Thread: return "thread";
    case Tag::Stack: return "stack";
    case Tag::Object: return "object";
    case Tag::Table: return "table";
    case Tag::Interposer: return "interposer";
    case Tag::Transfer: return "transfer";
    case Tag::Module: return "module";
    case Tag::Service: return "service";
    case Tag::Process: return "process";
    case Tag::Workload: return "workload";
    case Tag::Test: return "test";
    case Tag::Count: break;
    }
    return "unknown tag";
}

}
