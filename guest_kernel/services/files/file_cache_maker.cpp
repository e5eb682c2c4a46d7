#include "services/files/file_cache_maker.h"

namespace services {

using kernel::Code;

namespace {

const FileCacheMaker* the_maker = nullptr;

}

void set_file_cache_maker(const FileCacheMaker& maker) { the_maker = &maker; }

kernel::Result<objects::Reference> make_file_cache(objects::Reference representative)
{
    if (the_maker == nullptr)
        return Code::UNSUPPORTED;
    return the_maker->make(representative);
}

kernel::Status write_back(objects::Reference cache, kernel::Ticket& ticket)
{
    return the_maker == nullptr ? Code::UNSUPPORTED : the_maker->write_back(cache, ticket);
}

}
