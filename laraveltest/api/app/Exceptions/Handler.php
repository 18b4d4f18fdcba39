<?php

namespace App\Exceptions;

use Illuminate\Auth\Access\AuthorizationException;
use Illuminate\Auth\AuthenticationException;
use Illuminate\Database\Eloquent\ModelNotFoundException;
use Illuminate\Foundation\Exceptions\Handler as ExceptionHandler;
use Illuminate\Support\Str;
use Illuminate\Validation\ValidationException;
use Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;
use Throwable;

/** Renders the envelope of the API's reference. What the reference does not name stays Laravel's. */
class Handler extends ExceptionHandler
{
    protected $dontReport = [ApiException::class];

    public function render($request, Throwable $e)
    {
        if ($e instanceof ApiException) {
            return self::envelope(ApiException::ERRORS[$e->error][0], $e->error, $e->getMessage());
        }
        if ($e instanceof ValidationException) {
            return self::envelope(422, 'VALIDATION_ERROR', 'The given data was invalid', $e->errors());
        }
        if ($e instanceof AuthenticationException) {
            return self::envelope(401, 'UNAUTHORIZED', 'The API key is missing, invalid, or disabled');
        }
        if ($e instanceof AuthorizationException) {
            return self::envelope(403, 'FORBIDDEN', 'The API key does not have access to the requested resource');
        }
        if ($e instanceof ModelNotFoundException) {
            return self::envelope(404, 'NOT_FOUND', Str::ucfirst(Str::snake(class_basename($e->getModel()), ' ')).' not found');
        }
        if (! $e instanceof HttpExceptionInterface && ! config('app.debug')) {
            return self::envelope(500, 'SERVER_ERROR', 'An unexpected error occurred');
        }

        return parent::render($request, $e);
    }

    private static function envelope($status, $code, $message, $details = null)
    {
        $error = ['code' => $code, 'message' => $message] + ($details === null ? [] : ['details' => $details]);

        return response()->json(['success' => false, 'error' => $error], $status);
    }
}
