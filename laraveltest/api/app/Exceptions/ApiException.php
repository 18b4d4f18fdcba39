<?php

namespace App\Exceptions;

/** An error with a code of the API's reference. */
class ApiException extends \Exception
{
    const ERRORS = [
        'CONTACT_EXISTS' => [409, 'A contact with that email already exists'],
        'TAG_EXISTS' => [409, 'A tag with that name already exists'],
        'WEBHOOK_EXISTS' => [409, 'A webhook with that URL already exists'],
        'PATH_TAKEN' => [409, 'The requested path is already used in this funnel'],
        'CAMPAIGN_SCHEDULED' => [409, 'The campaign is scheduled and must be unscheduled first'],
        'INVALID_STATUS' => [400, 'The status filter value is not in the allowed list'],
        'INVALID_PERIOD' => [400, 'The period value is invalid or the range is missing for period=between'],
        'INVALID_DATE' => [400, 'The scheduled_for date could not be parsed or is in the past'],
        'NO_SUBDOMAIN' => [400, 'No subdomain is configured for this account'],
        'STAGE_NOT_EMAIL' => [422, 'The stage is not a send_email stage'],
        'SEQUENCE_HAS_NO_STAGES' => [422, 'The sequence has no stages and cannot enrol contacts'],
        'VALIDATION_ERROR' => [400, 'The list is malformed'],
    ];

    public $error;

    public function __construct($error, $message = null)
    {
        parent::__construct($message ?? self::ERRORS[$error][1]);
        $this->error = $error;
    }
}
