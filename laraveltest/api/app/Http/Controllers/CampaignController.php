<?php

namespace App\Http\Controllers;

use App\Exceptions\ApiException;
use App\Models\Campaign;
use Illuminate\Http\Request;
use Illuminate\Support\Carbon;
use Illuminate\Validation\ValidationException;

class CampaignController extends Controller
{
    const FIELDS = ['subject' => self::TEXT, 'from_name' => self::TEXT, 'from_email' => 'bail|nullable|string|email|max:255'];
    const STATUSES = ['draft', 'sending', 'sent', 'scheduled', 'error'];

    public function callAction($method, $parameters)
    {
        Campaign::sendDue();

        return parent::callAction($method, $parameters);
    }

    public function index()
    {
        return $this->page($this->filtered(Campaign::query(), self::STATUSES));
    }

    public function show()
    {
        return $this->success($this->find(Campaign::class, 'campaign_id'));
    }

    public function store(Request $request)
    {
        $campaign = Campaign::create($request->validate(self::FIELDS + ['name' => self::NAME]));

        return $this->success($campaign->only('id', 'status'), 201);
    }

    public function update(Request $request)
    {
        $campaign = $this->find(Campaign::class, 'campaign_id');
        $fields = $request->validate(self::FIELDS + ['name' => 'sometimes|'.self::NAME]);
        $this->mustNotBeSent($campaign);
        $campaign->update($fields);

        return $this->success($campaign->only('id'));
    }

    public function destroy()
    {
        $campaign = $this->find(Campaign::class, 'campaign_id');
        if ($campaign->status === 'scheduled') {
            throw new ApiException('CAMPAIGN_SCHEDULED');
        }
        $campaign->delete();

        return $this->success();
    }

    public function schedule(Request $request)
    {
        $campaign = $this->find(Campaign::class, 'campaign_id', ['scheduled_for' => 'required']);
        $at = rescue(fn () => Carbon::parse($request->input('scheduled_for'))->utc(), null, false);
        if ($at === null || $at->isPast()) {
            throw new ApiException('INVALID_DATE');
        }
        $this->mustNotBeSent($campaign);
        $campaign->update(['status' => 'scheduled', 'scheduled_for' => $at]);

        return $this->success($campaign->only('id'));
    }

    public function unschedule()
    {
        $campaign = $this->find(Campaign::class, 'campaign_id');
        if ($campaign->status === 'scheduled') {
            $campaign->update(['status' => 'draft', 'scheduled_for' => null]);
        }

        return $this->success();
    }

    private function mustNotBeSent(Campaign $campaign)
    {
        if ($campaign->status === 'sent') {
            throw ValidationException::withMessages(['campaign_id' => 'The campaign has already been sent.']);
        }
    }
}
