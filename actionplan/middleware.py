def language(get_response):
    return get_response


def private(get_response):
    return get_response


def current_plan(get_response):
    return get_response
