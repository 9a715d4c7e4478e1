<?php

/**
 * Tells 1C-Bitrix of the two cashboxes. To be included from /local/php_interface/init.php:
 *
 *     require_once __DIR__ . '/chekpoint/register.php';
 */

use Bitrix\Main\EventManager;
use Bitrix\Main\EventResult;

EventManager::getInstance()->addEventHandler(
	'sale',
	'OnGetCustomCashboxHandlers',
	static function ()
	{
		$handlers = ['\Chekpoint\Bitrix\CashboxV4' => '/local/php_interface/chekpoint/cashboxv4.php'];
		// older versions of the module "sale" lack the handler of FFD 1.2
		if (class_exists('\Bitrix\Sale\Cashbox\CashboxAtolFarmV5'))
		{
			$handlers['\Chekpoint\Bitrix\CashboxV5'] = '/local/php_interface/chekpoint/cashboxv5.php';
		}

		return new EventResult(EventResult::SUCCESS, $handlers);
	}
);
