#include "services/files/file_cache_maker.h"

namespace services {

namespace {

constinit FileCacheMaker the_maker = nullptr;

}

void set_file_cache_maker(FileCacheMaker maker) { the_maker = maker; }

kernel::Result<objects::Reference> make_file_cache(objects::Reference representative)
{
    if (the_maker == nullptr)
        return kernel::Code::UNSUPPORTED;
    return the_maker(representative);
}

}
